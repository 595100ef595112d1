/**
 * A fair queue: decides whose call a server handles next. One thread does all the work. Without a
 * queue, a few megabytes of small calls from one peer blocked all others for seconds. Each call
 * waits for its turn among those of its connection, and is dropped when the connection closes.
 *
 * The next turn goes to the address that has used the least time, and there to the connection that
 * has used the least. Each job is charged its CPU time, up to a bound. CPU time, unlike elapsed
 * time, does not include other programs on a busy machine. A connection that was idle resumes at
 * the level of the others: idling earns no credit and costs none. A connection that uses less than
 * its share hardly waits.
 *
 * Jobs run for TURN_MS at a time. Then the event loop handles everything else: delivery streams,
 * which do not wait here, timers, sockets and new arrivals.
 */
import { CHARGE_MAX_MS, COMMIT_WAIT_MAX_MS, TURN_MS } from "../../limits.ts";

/** A part of the work, such as one call. */
export type Job = () => void;

/** One connection's share of a server's time. */
export interface Share {
  /** All connections from one address have one share together. */
  readonly address: string;
  readonly jobs: Job[];
  /** CPU time that it has used, or would have used if it had never been idle. */
  usedMs: number;
  isGone: boolean;
}

/** The connections from one address. */
interface Group {
  usedMs: number;
  /** `usedMs` of the connection that had the last turn. */
  floorMs: number;
  members: number;
  /** The connections that have jobs. */
  readonly waiting: Set<Share>;
}

/** The clocks and the scheduler that the turns use. */
export interface TurnsHost {
  /** Reads a monotonic clock. */
  readonly nowMs: () => number;
  /** Returns the CPU time of this process so far. */
  readonly workedMs: () => number;
  /** Calls `turn` after everything else that is ready has run. */
  readonly later: (turn: () => void) => void;
}

/** The turns of all connections of one server. */
export class Turns {
  readonly #nowMs: () => number;
  readonly #workedMs: () => number;
  readonly #later: (turn: () => void) => void;
  readonly #groups = new Map<string, Group>();
  readonly #waiting = new Set<Group>();
  readonly #commits: { readonly commit: () => void; readonly untilMs: number }[] = [];
  /** `usedMs` of the group that had the last turn. */
  #floorMs = 0;
  #isDue = false;

  constructor({ nowMs, workedMs, later }: TurnsHost) {
    this.#nowMs = nowMs;
    this.#workedMs = workedMs;
    this.#later = later;
  }

  /** Returns the share of a new connection. */
  join(address: string): Share {
    const group = this.#groups.get(address);
    if (group !== undefined) group.members++;
    else this.#groups.set(address, { usedMs: 0, floorMs: 0, members: 1, waiting: new Set() });
    return { address, jobs: [], usedMs: 0, isGone: false };
  }

  /** Removes a closed connection, and drops its jobs. */
  leave(share: Share): void {
    const group = this.#groupOf(share);
    share.jobs.length = 0;
    share.isGone = true;
    this.#rest(group, share);
    group.members--;
    if (group.members === 0) this.#groups.delete(share.address);
  }

  /** Runs `job` when its turn comes, unless the connection has closed by then. */
  add(share: Share, job: Job): void {
    if (share.isGone) return;
    share.jobs.push(job);
    const group = this.#groupOf(share);
    if (!group.waiting.has(share)) share.usedMs = Math.max(share.usedMs, group.floorMs);
    if (!this.#waiting.has(group)) group.usedMs = Math.max(group.usedMs, this.#floorMs);
    group.waiting.add(share);
    this.#waiting.add(group);
    this.#due();
  }

  /**
   * Calls `commit` once no job waits, or after COMMIT_WAIT_MAX_MS. Calls that arrived together
   * share a commit, and a flood cannot delay it for long.
   */
  whenDone(commit: () => void): void {
    const untilMs = this.#nowMs() + COMMIT_WAIT_MAX_MS;
    // Not in this turn: calls that are readable now belong to the same commit.
    this.#later(() => {
      this.#commits.push({ commit, untilMs });
      this.#due();
    });
  }

  #due(): void {
    if (this.#isDue) return;
    this.#isDue = true;
    this.#later(() => this.#turn());
  }

  #turn(): void {
    const startMs = this.#workedMs();
    let workedMs = startMs;
    for (let next = this.#next(); next !== undefined; next = this.#next()) {
      const { group, share, job } = next;
      job();
      const beforeMs = workedMs;
      workedMs = this.#workedMs();
      const chargeMs = Math.min(workedMs - beforeMs, CHARGE_MAX_MS);
      share.usedMs += chargeMs;
      group.usedMs += chargeMs;
      if (workedMs - startMs >= TURN_MS) break;
    }
    this.#isDue = false;
    const nowMs = this.#nowMs();
    const isDone = this.#waiting.size === 0;
    const early = this.#commits.findIndex(({ untilMs }) => !isDone && nowMs < untilMs);
    const due = this.#commits.splice(0, early === -1 ? this.#commits.length : early);
    if (!isDone) this.#due();
    for (const { commit } of due) commit();
  }

  #next(): { readonly group: Group; readonly share: Share; readonly job: Job } | undefined {
    const group = leastUsed(this.#waiting);
    if (group === undefined) return undefined;
    const share = leastUsed(group.waiting);
    const job = share?.jobs.shift();
    if (share === undefined || job === undefined) throw new Error("Assertion failed: a job waits");
    this.#floorMs = Math.max(this.#floorMs, group.usedMs);
    group.floorMs = Math.max(group.floorMs, share.usedMs);
    if (share.jobs.length === 0) this.#rest(group, share);
    return { group, share, job };
  }

  #rest(group: Group, share: Share): void {
    group.waiting.delete(share);
    if (group.waiting.size === 0) this.#waiting.delete(group);
  }

  #groupOf({ address }: Share): Group {
    const group = this.#groups.get(address);
    if (group === undefined)
      throw new Error("Assertion failed: a share has joined and has not left");
    return group;
  }
}

function leastUsed<S extends { readonly usedMs: number }>(all: Iterable<S>): S | undefined {
  let least: S | undefined;
  for (const one of all) if (least === undefined || one.usedMs < least.usedMs) least = one;
  return least;
}
