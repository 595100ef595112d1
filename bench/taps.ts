/**
 * Where times are taken: at the moments themselves, in the process in which they happen, through
 * what the roles take from outside anyway. Asking again and again from outside would add its own
 * interval to what it measures.
 */
import type { OutboxStore } from "../src/core/likes_server/outbox.ts";
import type { Log } from "../src/log/log_file.ts";
import { preciseMs } from "./clock.ts";

/** A line of the primary's log that tells what was applied: `likes-server-0 #7..#9 +42 …`. */
const APPLIED = /^\S+ #(\d+)(?:\.\.#(\d+))? \+\d+ /;

/** A line of it that tells that a LikesServer was welcomed. */
const CONNECTED = /^\S+ connected from /;

/** Ranges of sequences, in order, and the moment of each. */
export interface Moments {
  readonly first: number[];
  readonly last: number[];
  readonly atMs: number[];
}

/** No moments yet. */
export function noMoments(): Moments {
  return { first: [], last: [], atMs: [] };
}

function note(moments: Moments, first: number, last: number, atMs: number): void {
  moments.first.push(first);
  moments.last.push(last);
  moments.atMs.push(atMs);
}

/** What a primary notes. */
export interface PrimaryMoments {
  readonly applied: Moments;
  /** When LikesServers were welcomed. */
  readonly connectedMs: number[];
}

/**
 * A primary's log that notes what it tells of: a line is written right after the commit has become
 * what the primary shows. It goes on to `log`, as it would without.
 */
export function notingLog(log: Log, { applied, connectedMs }: PrimaryMoments): Log {
  return {
    line(text) {
      const atMs = preciseMs();
      const [, first, last = first] = APPLIED.exec(text) ?? [];
      if (first !== undefined) note(applied, Number(first), Number(last), atMs);
      else if (CONNECTED.test(text)) connectedMs.push(atMs);
      log.line(text);
    },
  };
}

/** An outbox that notes when events are synced to it: from then on they are accepted. */
export function notingSynced(store: OutboxStore, synced: Moments): OutboxStore {
  return {
    load: () => store.load(),
    async write(writes) {
      const outcome = await store.write(writes);
      const atMs = preciseMs();
      if (outcome !== "done") return outcome;
      for (const write of writes) {
        if (write.type !== "append") continue;
        note(synced, write.record.firstSequence, write.record.lastSequence, atMs);
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

/** The moment of each of the sequences 1 to `events`. Throws unless each has exactly one. */
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
      if (sequence > events) throw new Error(`Cannot use it: #${sequence} was ${what}, unasked`);
      if (bySequence[sequence - 1] !== 0) {
        throw new Error(`Cannot use what was measured: #${sequence} was ${what} twice`);
      }
      bySequence[sequence - 1] = at;
    }
  }
  const missing = bySequence.indexOf(0);
  if (missing === -1) return bySequence;
  throw new Error(`Cannot use what was measured: #${missing + 1} was not seen ${what}`);
}
