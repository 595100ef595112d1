/**
 * Whose call a server works on next. One thread does all the work, so a peer that sends much makes
 * all others wait: some megabytes of small calls took that thread for seconds. So a call is not
 * worked on as it comes. It waits for its turn with the others of its connection, and is dropped
 * when that closes.
 *
 * The address that used the least time is next, and of its connections the one that used the least.
 * Each job is charged with the processor time that it took, up to a bound: nobody pays for what other
 * programs take of a busy machine. A connection that rested starts where the others are: rest earns
 * nothing, and costs nothing. So a connection that uses less than an equal share hardly waits.
 *
 * Jobs are done for TURN_MS at a time. Then the event loop does all else: delivery streams, which do
 * not wait here, timers, sockets, and what came meanwhile.
 */
import { CHARGE_MAX_MS, COMMIT_WAIT_MAX_MS, TURN_MS } from "../../limits.ts";

/** A part of the work, such as one call. */
export type Job = () => void;

/** One connection, as one of those that share the time of a server. */
export interface Share {
  /** Those with the same address share one share of the time. */
  readonly address: string;
  readonly jobs: Job[];
  /** Processor time that it used, or would have used if it had always had jobs. */
  usedMs: number;
  isGone: boolean;
}

interface Group {
  usedMs: number;
  /** Where the one of them stood that had the last turn. */
  floorMs: number;
  members: number;
  /** Those that have jobs. */
  readonly waiting: Set<Share>;
}

/** What turns are measured by, and called by. */
export interface TurnsHost {
  /** Reads a monotonic clock. */
  readonly nowMs: () => number;
  /** Processor time of this process so far. */
  readonly workedMs: () => number;
  /** Calls `turn` after all else that is ready got its turn. */
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
  /** Where the group stood that had the last turn. */
  #floorMs = 0;
  #isDue = false;

  constructor({ nowMs, workedMs, later }: TurnsHost) {
    this.#nowMs = nowMs;
    this.#workedMs = workedMs;
    this.#later = later;
  }

  /** The share of a new connection. */
  join(address: string): Share {
    const group = this.#groups.get(address);
    if (group !== undefined) group.members++;
    else this.#groups.set(address, { usedMs: 0, floorMs: 0, members: 1, waiting: new Set() });
    return { address, jobs: [], usedMs: 0, isGone: false };
  }

  /** A connection is gone, and the jobs that it left. */
  leave(share: Share): void {
    const group = this.#groupOf(share);
    share.jobs.length = 0;
    share.isGone = true;
    this.#rest(group, share);
    group.members--;
    if (group.members === 0) this.#groups.delete(share.address);
  }

  /** Does `job` when its turn comes, unless the connection is gone by then. */
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
   * Calls `commit` once no job waits, or COMMIT_WAIT_MAX_MS have passed: what came together shares a
   * commit, and under a flood it comes all the same.
   */
  whenDone(commit: () => void): void {
    const untilMs = this.#nowMs() + COMMIT_WAIT_MAX_MS;
    // Not in this turn: what is readable has to come first.
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
      throw new Error("Assertion failed: who has a share joined, and did not leave");
    return group;
  }
}

function leastUsed<S extends { readonly usedMs: number }>(all: Iterable<S>): S | undefined {
  let least: S | undefined;
  for (const one of all) if (least === undefined || one.usedMs < least.usedMs) least = one;
  return least;
}
