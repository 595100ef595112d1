/** The place where a LikesServer runs: its machine, its disk, and its current process. */
import type { OutboxId } from "../../src/core/protocol/ids.ts";
import type { LedgerDisk } from "../../src/store/ledger/memory_ledger.ts";
import type { OutboxDisk } from "../../src/store/outbox/memory_outbox.ts";
import { LikesServerProcess } from "./likes_server.ts";
import type { LikesServerEnvironment, Host } from "./likes_server.ts";
import type { Machine } from "./machine.ts";

/** The share of departed LikesServers that stay away for long, and for how long at most. */
const LEFT_LONG_SHARE = 0.7;
const LEFT_LONG_MAX_MS = 9_000;

type Place = Pick<Host, "serverId" | "machine" | "disk">;

/** A LikesServer across all its processes. */
export class LikesServerHost implements Host {
  readonly #world: LikesServerEnvironment;
  readonly serverId: string;
  readonly machine: Machine;
  disk: OutboxDisk;
  #process: LikesServerProcess | undefined;
  /** Whether no process may start: until an operator acts, or for good. */
  isKeptDown = false;
  isGone = false;
  readonly #restartMs: () => number;
  /** The delay before the next start, if it is unusually long. */
  #awayMs: number | undefined;

  constructor(world: LikesServerEnvironment, place: Place, restartMs: () => number) {
    this.#world = world;
    this.serverId = place.serverId;
    this.machine = place.machine;
    this.disk = place.disk;
    this.#restartMs = restartMs;
    this.start();
  }

  /** The running process, if there is one. */
  get process(): LikesServerProcess | undefined {
    return this.#process?.isAlive === true ? this.#process : undefined;
  }

  get outboxId(): OutboxId {
    return this.disk.content.state.outboxId;
  }

  /** Starts a process, unless one runs or none may. */
  start(): void {
    if (this.isGone || this.isKeptDown || this.process !== undefined) return;
    this.#process = new LikesServerProcess(this.#world, this);
  }

  died(): void {
    const awayMs = this.#awayMs ?? this.#restartMs();
    this.#awayMs = undefined;
    this.#world.scheduler.after(awayMs, () => this.start());
  }

  /** Keeps it away long enough that a restored ledger may not know of its departure. */
  left(): void {
    const { random, plan, isFaulty } = this.#world;
    if (!isFaulty || !plan.faults.has("left_long") || !random.chance(LEFT_LONG_SHARE)) return;
    this.#world.fired("left_long");
    this.#awayMs = random.whole(1_000, LEFT_LONG_MAX_MS);
  }

  /**
   * Returns true when the LikesServer shows the exact total and accepts likes, its outbox has
   * nothing pending, and the ledger knows its current incarnation.
   */
  hasConverged(ledger: LedgerDisk): boolean {
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

  /** Stops it for good. */
  remove(why: string): void {
    this.isGone = true;
    this.process?.die(why);
  }
}
