/** Where a LikesServer lives: its machine, its disk, and whichever process works there now. */
import type { LedgerDisk } from "../../src/store/ledger/memory_ledger.ts";
import type { OutboxDisk } from "../../src/store/outbox/memory_outbox.ts";
import { LikesServerProcess } from "./likes_server.ts";
import type { LikesServerSurroundings, Seat } from "./likes_server.ts";
import type { Machine } from "./machine.ts";

/** Of those that left, those that stay away for long, and for how long at most. */
const LEFT_LONG_SHARE = 0.7;
const LEFT_LONG_MAX_MS = 9_000;

type Place = Pick<Seat, "serverId" | "machine" | "disk">;

/** A LikesServer's place in the world, over all its lives. */
export class LikesServerSeat implements Seat {
  readonly #world: LikesServerSurroundings;
  readonly serverId: string;
  readonly machine: Machine;
  disk: OutboxDisk;
  #process: LikesServerProcess | undefined;
  /** Whether it is kept down, by somebody or for ever. */
  isHeldDown = false;
  isGone = false;
  readonly #restartMs: () => number;
  /** When it comes back, if that is long after it ended. */
  #awayMs: number | undefined;

  constructor(world: LikesServerSurroundings, place: Place, restartMs: () => number) {
    this.#world = world;
    this.serverId = place.serverId;
    this.machine = place.machine;
    this.disk = place.disk;
    this.#restartMs = restartMs;
    this.start();
  }

  /** The process that lives there now, if one does. */
  get process(): LikesServerProcess | undefined {
    return this.#process?.isAlive === true ? this.#process : undefined;
  }

  get outboxId(): string {
    return this.disk.content.state.outboxId;
  }

  /** Starts a process there, unless one lives. */
  start(): void {
    if (this.isGone || this.isHeldDown || this.process !== undefined) return;
    this.#process = new LikesServerProcess(this.#world, this);
  }

  died(): void {
    const awayMs = this.#awayMs ?? this.#restartMs();
    this.#awayMs = undefined;
    this.#world.agenda.after(awayMs, () => this.start());
  }

  /** A ledger that is put back from a copy may forget that, before it comes again. */
  left(): void {
    const { random, plan, isUnkind } = this.#world;
    if (!isUnkind || !plan.faults.has("left_long") || !random.chance(LEFT_LONG_SHARE)) return;
    this.#world.fired("left_long");
    this.#awayMs = random.whole(1_000, LEFT_LONG_MAX_MS);
  }

  /**
   * Whether its LikesServer shows the total and takes likes, nothing of its outbox waits for anything,
   * and the ledger has heard of its present life.
   */
  isWell(ledger: LedgerDisk): boolean {
    const { process, disk } = this;
    const core = process?.core;
    const view = core?.total(process?.nowMs ?? 0);
    if (core === undefined || view === undefined) return false;
    const isExact = view.pulse.totalLikes === ledger.meta.totalLikes && view.pendingLikes === 0n;
    const isDelivered = disk.content.state.incarnations.every(({ incarnation, closed }) => {
      return closed || incarnation === core.incarnation;
    });
    const isKnown = ledger.incarnations.get(core.incarnation)?.state === "open";
    const isQuiet = core.pendingEvents === 0 && core.troubles.length === 0;
    return isExact && isDelivered && isKnown && isQuiet && core.isAccepting;
  }

  /** Ends it for good. */
  remove(why: string): void {
    this.isGone = true;
    this.process?.die(why);
  }
}
