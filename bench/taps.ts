/**
 * Records times in the process where things happen, through the log and the store that the roles
 * are given anyway. Polling from outside would add its own interval to the times.
 */
import type { LedgerStore } from "../src/core/ledger/ledger.ts";
import type { OutboxStore } from "../src/core/likes_server/outbox.ts";
import type { Log } from "../src/log/log_file.ts";
import { preciseMs } from "./clock.ts";

/** A line of the primary's log for applied events: `likes-server-0 #7..#9 +42 …`. */
const APPLIED = /^\S+ #(\d+)(?:\.\.#(\d+))? [+-]\d+ /;

/** A line of the primary's log for a LikesServer that connected. */
const CONNECTED = /^\S+ connected from /;

/** Ranges of sequences, in order, and the time of each. */
export interface Moments {
  readonly first: number[];
  readonly last: number[];
  readonly atMs: number[];
}

/** Returns empty moments. */
export function noMoments(): Moments {
  return { first: [], last: [], atMs: [] };
}

function record(moments: Moments, first: number, last: number, atMs: number): void {
  moments.first.push(first);
  moments.last.push(last);
  moments.atMs.push(atMs);
}

/** The times that a primary records. */
export interface PrimaryMoments {
  readonly applied: Moments;
  /** When LikesServers connected. */
  readonly connectedMs: number[];
}

/**
 * Wraps a primary's log and records times. A line is written right after its commit shows at the
 * primary. Every line still goes to `log`.
 */
export function recordingLog(log: Log, { applied, connectedMs }: PrimaryMoments): Log {
  return {
    line(text) {
      const atMs = preciseMs();
      const [, first, last = first] = APPLIED.exec(text) ?? [];
      if (first !== undefined) record(applied, Number(first), Number(last), atMs);
      else if (CONNECTED.test(text)) connectedMs.push(atMs);
      log.line(text);
    },
  };
}

/** Wraps a ledger store, and tells how long each transaction took. */
export function recordingLedger(store: LedgerStore, took: (tookMs: number) => void): LedgerStore {
  return {
    load: () => store.load(),
    async transact(needs, work) {
      const beganMs = preciseMs();
      const outcome = await store.transact(needs, work);
      took(preciseMs() - beganMs);
      return outcome;
    },
    counts: (selection, beside) => store.counts(selection, beside),
    close: () => store.close(),
  };
}

/** Wraps an outbox store and records when events are synced, which is when they are accepted. */
export function recordingStore(store: OutboxStore, synced: Moments): OutboxStore {
  return {
    load: () => store.load(),
    async write(writes) {
      const outcome = await store.write(writes);
      const atMs = preciseMs();
      if (outcome !== "done") return outcome;
      for (const write of writes) {
        if (write.type !== "append") continue;
        const { first, last } = write.record.events;
        record(synced, first, last, atMs);
      }
      return outcome;
    },
    read: (incarnation, sequence, bytesMax, recordsMax) =>
      store.read(incarnation, sequence, bytesMax, recordsMax),
    get state() {
      return store.state;
    },
    recordDiskBytes: store.recordDiskBytes,
    close: () => store.close(),
  };
}

/** A total, and when a LikesServer began to show it. */
export interface ShownTotal {
  readonly totalLikes: bigint;
  readonly atMs: number;
}

/**
 * Returns when a LikesServer that alone adds likes showed each of its events, by sequence. `likesOf`
 * has the likes of each. Throws when it has not shown all.
 */
export function shownBySequence(
  shown: readonly ShownTotal[],
  likesOf: BigInt64Array,
): Float64Array {
  let counted = 0n;
  let next = 0;
  return Float64Array.from(likesOf, (likes, index) => {
    counted += likes;
    while ((shown[next]?.totalLikes ?? counted) < counted) next++;
    const { atMs } = shown[next] ?? {};
    if (atMs !== undefined) return atMs;
    throw new Error(`Cannot use what was measured: #${index + 1} was never shown`);
  });
}

/** Returns the time of each sequence from 1 to `events`. Throws unless each has exactly one. */
export function momentsBySequence(
  what: string,
  { first, last, atMs }: Moments,
  events: number,
): Float64Array {
  const bySequence = new Float64Array(events);
  for (const [index, at] of atMs.entries()) {
    const from = first[index] ?? NaN;
    const to = last[index] ?? NaN;
    for (let sequence = from; sequence <= to; sequence++) {
      if (sequence > events)
        throw new Error(`Cannot use it: #${sequence} was ${what}, beyond ${events}`);
      if (bySequence[sequence - 1] !== 0) {
        throw new Error(`Cannot use what was measured: #${sequence} was ${what} twice`);
      }
      bySequence[sequence - 1] = at;
    }
  }
  const missing = bySequence.indexOf(0);
  if (missing === -1) return bySequence;
  throw new Error(`Cannot use what was measured: #${missing + 1} was never ${what}`);
}
