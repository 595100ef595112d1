/** Stores that forget: outboxes that are wiped, rolled back or copied, and the ledger likewise. */
import { LedgerDisk } from "../../src/store/ledger/memory_ledger.ts";
import { OutboxDisk } from "../../src/store/outbox/memory_outbox.ts";
import type { Amnesia } from "./faults.ts";
import { Machine } from "./machine.ts";
import type { Operator } from "./operator.ts";
import type { Oracle } from "./oracle/oracle.ts";
import type { PrimaryProcess } from "./primary.ts";
import type { Surroundings } from "./process.ts";
import type { LikesServerSeat } from "./seat.ts";

/** The world, as far as its stores forget. */
export interface Forgetful extends Surroundings {
  readonly oracle: Oracle;
  readonly wallClock: { readonly nowMs: number };
  readonly seats: readonly LikesServerSeat[];
  readonly operator: Operator;
  readonly primary: PrimaryProcess | undefined;
  ledger: LedgerDisk;
  addSeat(serverId: string, machine: Machine, disk: OutboxDisk): void;
}

/** What was copied, and what is to be put back. */
export class Amnesias {
  readonly #world: Forgetful;
  readonly #outboxCopies = new Map<LikesServerSeat, OutboxDisk>();
  #ledgerCopy: LedgerDisk | undefined;
  /** The true ledger, while another one is in its place. */
  #trueLedger: LedgerDisk | undefined;

  constructor(world: Forgetful) {
    this.#world = world;
  }

  get isExchanged(): boolean {
    return this.#trueLedger !== undefined;
  }

  befall(kind: Amnesia, seat: LikesServerSeat): void {
    // Who has no ledger yet would join the one that is in the place of the true one.
    if (this.isExchanged) return;
    switch (kind) {
      case "outbox_wiped":
        return this.#wipe(seat);
      case "outbox_restored":
        return this.#restoreOutbox(seat);
      case "outbox_copied":
        return this.#copyOutbox(seat);
      case "ledger_restored_plain":
      case "ledger_restored_marked":
        return this.#restoreLedger(kind);
      case "ledger_exchanged":
        return this.#exchangeLedger();
      case "retired_early":
        return this.#retireEarly(seat);
    }
  }

  #wipe(seat: LikesServerSeat): void {
    const { random } = this.#world;
    this.#replace(seat, new OutboxDisk(random.id(), seat.serverId), "its disk is lost");
    this.#outboxCopies.delete(seat);
    this.#world.fired("outbox_wiped");
  }

  /** The first time a copy is made, and at some later time it is put in the place of the outbox. */
  #restoreOutbox(seat: LikesServerSeat): void {
    const { random, seats } = this.#world;
    const copy = this.#outboxCopies.get(seat);
    const isTwin = seats.some((one) => one !== seat && one.outboxId === seat.outboxId);
    if (isTwin) return;
    if (copy === undefined || random.chance(0.2)) {
      this.#outboxCopies.set(seat, seat.disk.clone());
      return;
    }
    if (copy.content.state === seat.disk.content.state) return;
    this.#replace(seat, copy.clone(), "its disk is put back from a copy");
    this.#world.fired("outbox_restored");
  }

  #replace(seat: LikesServerSeat, disk: OutboxDisk, why: string): void {
    const { oracle, seats, operator } = this.#world;
    const before = seat.disk;
    seat.process?.die(why);
    seat.disk = disk;
    const others = seats.filter((one) => one !== seat).map((one) => one.disk);
    oracle.amnesia.outboxForgot(before, disk, others);
    if (operator.mistaken.delete(before.content.state.outboxId)) {
      seat.isHeldDown = false;
      seat.died();
    }
  }

  #copyOutbox(seat: LikesServerSeat): void {
    const { oracle, seats, random, plan } = this.#world;
    const copies = seats.filter((one) => one.outboxId === seat.outboxId);
    if (copies.length > 1 || seat.isHeldDown) return;
    oracle.amnesia.happened = true;
    oracle.asOf.twinned(seat.outboxId);
    const serverId = random.chance(0.5) ? seat.serverId : `${seat.serverId}-copy`;
    const machine = new Machine(`${seat.machine.name}-copy`, plan.diskMs);
    this.#world.addSeat(serverId, machine, seat.disk.clone());
    this.#world.fired("outbox_copied");
  }

  #restoreLedger(kind: "ledger_restored_plain" | "ledger_restored_marked"): void {
    const { random, oracle, wallClock, seats } = this.#world;
    const copy = this.#ledgerCopy;
    if (copy === undefined || random.chance(0.2)) {
      this.#ledgerCopy = this.#world.ledger.clone();
      oracle.copied(this.#world.ledger, this.#ledgerCopy);
      return;
    }
    if (copy.meta === this.#world.ledger.meta) return;
    const disk = copy.clone();
    oracle.copied(copy, disk);
    if (kind === "ledger_restored_marked") disk.copiedMs = wallClock.nowMs;
    oracle.restored(disk);
    const disks = seats.map((seat) => seat.disk);
    oracle.amnesia.ledgerForgot(disk, disks);
    this.#world.fired(kind);
    this.#open(disk, "its ledger is put back from a copy");
  }

  /** Another ledger is in the place of the true one for a while. */
  #exchangeLedger(): void {
    const { random, oracle, seats, agenda, plan, ledger } = this.#world;
    if (seats.some(({ disk }) => disk.content.state.seen === undefined)) return;
    this.#trueLedger = ledger;
    const other = new LedgerDisk(random.id());
    oracle.lineageOf(other).isForeign = true;
    this.#open(other, "another ledger is in its place");
    const backMs = Math.min(agenda.nowMs + random.whole(100, 2_000), plan.unkindMs);
    agenda.at(backMs, () => this.putBack());
  }

  /** The true ledger is in its place again. */
  putBack(): void {
    const disk = this.#trueLedger;
    this.#trueLedger = undefined;
    if (disk !== undefined) this.#open(disk, "its own ledger is back");
  }

  #open(disk: LedgerDisk, why: string): void {
    this.#world.ledger = disk;
    this.#world.primary?.die(why);
  }

  /** A member is down for a while, and its operator believes that it will not return. */
  #retireEarly(seat: LikesServerSeat): void {
    const { oracle, operator, seats } = this.#world;
    const isTwin = seats.some((one) => one !== seat && one.outboxId === seat.outboxId);
    if (isTwin || seat.isHeldDown || seat.disk.content.state.membership !== "member") return;
    oracle.amnesia.happened = true;
    operator.mistaken.add(seat.outboxId);
    seat.isHeldDown = true;
    seat.process?.die("its machine is down");
  }
}
