/** Injects amnesia: wipes, restores and copies outboxes, and restores or exchanges the ledger. */
import { LedgerDisk } from "../../src/store/ledger/memory_ledger.ts";
import { OutboxDisk } from "../../src/store/outbox/memory_outbox.ts";
import type { Amnesia } from "./faults.ts";
import { Machine } from "./machine.ts";
import type { Operator } from "./operator.ts";
import type { Oracle } from "./oracle/oracle.ts";
import type { PrimaryProcess } from "./primary.ts";
import type { Environment } from "./process.ts";
import type { LikesServerHost } from "./host.ts";

/** The parts of the world that amnesia faults use. */
export interface AmnesiaEnvironment extends Environment {
  readonly oracle: Oracle;
  readonly wallClock: { readonly nowMs: number };
  readonly hosts: readonly LikesServerHost[];
  readonly operator: Operator;
  readonly primary: PrimaryProcess | undefined;
  ledger: LedgerDisk;
  addHost(serverId: string, machine: Machine, disk: OutboxDisk): void;
}

/** Holds the copies that amnesia faults have taken and puts them back. */
export class Amnesias {
  readonly #world: AmnesiaEnvironment;
  readonly #outboxCopies = new Map<LikesServerHost, OutboxDisk>();
  #ledgerCopy: LedgerDisk | undefined;
  /** The true ledger, while a foreign one replaces it. */
  #trueLedger: LedgerDisk | undefined;

  constructor(world: AmnesiaEnvironment) {
    this.#world = world;
  }

  get isExchanged(): boolean {
    return this.#trueLedger !== undefined;
  }

  inject(kind: Amnesia, host: LikesServerHost): void {
    // A LikesServer without a ledger would join the foreign one.
    if (this.isExchanged) return;
    switch (kind) {
      case "outbox_wiped":
        return this.#wipe(host);
      case "outbox_restored":
        return this.#restoreOutbox(host);
      case "outbox_copied":
        return this.#copyOutbox(host);
      case "ledger_restored_plain":
      case "ledger_restored_marked":
        return this.#restoreLedger(kind);
      case "ledger_exchanged":
        return this.#exchangeLedger();
      case "retired_early":
        return this.#retireEarly(host);
    }
  }

  #wipe(host: LikesServerHost): void {
    const { random } = this.#world;
    this.#replace(host, new OutboxDisk(random.id(), host.serverId), "its disk was lost");
    this.#outboxCopies.delete(host);
    this.#world.fired("outbox_wiped");
  }

  /** The first call takes a copy; a later one replaces the outbox with that copy. */
  #restoreOutbox(host: LikesServerHost): void {
    const { random, hosts } = this.#world;
    const copy = this.#outboxCopies.get(host);
    const isTwin = hosts.some((one) => one !== host && one.outboxId === host.outboxId);
    if (isTwin) return;
    if (copy === undefined || random.chance(0.2)) {
      this.#outboxCopies.set(host, host.disk.clone());
      return;
    }
    if (copy.content.state === host.disk.content.state) return;
    this.#replace(host, copy.clone(), "its disk was restored from a copy");
    this.#world.fired("outbox_restored");
  }

  #replace(host: LikesServerHost, disk: OutboxDisk, why: string): void {
    const { oracle, hosts, operator } = this.#world;
    const before = host.disk;
    host.process?.die(why);
    host.disk = disk;
    const others = hosts.filter((one) => one !== host).map((one) => one.disk);
    oracle.amnesia.outboxForgot(before, disk, others);
    if (operator.mistaken.delete(before.content.state.outboxId)) {
      host.isKeptDown = false;
      host.died();
    }
  }

  #copyOutbox(host: LikesServerHost): void {
    const { oracle, hosts, random, plan } = this.#world;
    const copies = hosts.filter((one) => one.outboxId === host.outboxId);
    if (copies.length > 1 || host.isKeptDown) return;
    oracle.amnesia.hasForgotten = true;
    oracle.asOf.twinned(host.outboxId);
    const serverId = random.chance(0.5) ? host.serverId : `${host.serverId}-copy`;
    const machine = new Machine(`${host.machine.name}-copy`, plan.diskMs);
    this.#world.addHost(serverId, machine, host.disk.clone());
    this.#world.fired("outbox_copied");
  }

  #restoreLedger(kind: "ledger_restored_plain" | "ledger_restored_marked"): void {
    const { random, oracle, wallClock, hosts } = this.#world;
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
    const disks = hosts.map((host) => host.disk);
    oracle.amnesia.ledgerForgot(disk, disks);
    this.#world.fired(kind);
    this.#open(disk, "its ledger was restored from a copy");
  }

  /** Replaces the true ledger with a foreign one for a while. */
  #exchangeLedger(): void {
    const { random, oracle, hosts, scheduler, plan, ledger } = this.#world;
    if (hosts.some(({ disk }) => disk.content.state.seen === undefined)) return;
    this.#trueLedger = ledger;
    const other = new LedgerDisk(random.id());
    oracle.lineageOf(other).isForeign = true;
    this.#open(other, "its ledger was replaced");
    const backMs = Math.min(scheduler.nowMs + random.whole(100, 2_000), plan.faultyMs);
    scheduler.at(backMs, () => this.putBack());
  }

  /** Puts the true ledger back. */
  putBack(): void {
    const disk = this.#trueLedger;
    this.#trueLedger = undefined;
    if (disk !== undefined) this.#open(disk, "its own ledger is back");
  }

  #open(disk: LedgerDisk, why: string): void {
    this.#world.ledger = disk;
    this.#world.primary?.die(why);
  }

  /** Takes a member down for a while; its operator believes that it will not return. */
  #retireEarly(host: LikesServerHost): void {
    const { oracle, operator, hosts } = this.#world;
    const isTwin = hosts.some((one) => one !== host && one.outboxId === host.outboxId);
    if (isTwin || host.isKeptDown || host.disk.content.state.membership !== "member") return;
    oracle.amnesia.hasForgotten = true;
    operator.mistaken.add(host.outboxId);
    host.isKeptDown = true;
    host.process?.die("its machine is down");
  }
}
