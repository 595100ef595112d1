/**
 * The effect of each write on the state of an outbox. Both stores use it, and write the difference
 * to their disk. It alone asserts that writes are correct, and computes positions, sums and bytes.
 *
 * The records of an incarnation have three parts. Those up to `trimmed` are removed, those up to
 * `retainedEnd` are only retained, and the rest has to be delivered.
 */
import { isDeepStrictEqual } from "node:util";
import { assert, unreachable } from "../../assert.ts";
import { MARK_CHARS_MAX } from "../../limits.ts";
import { recordDiskBytes } from "./disk_bytes.ts";
import type { LedgerSeen } from "../../core/protocol/messages.ts";
import type {
  AppendWrite,
  IncarnationState,
  OutboxSnapshot,
  OutboxWrite,
} from "../../core/likes_server/outbox.ts";
import { origin } from "../../core/protocol/record.ts";
import type { Position } from "../../core/protocol/record.ts";
import { incarnationsToPurge } from "./incarnations_to_purge.ts";
import { storedInteger, storedLikes } from "../sqlite/stored_integer.ts";
import type { IncarnationId, OutboxId } from "../../core/protocol/ids.ts";

/** The position after a record, and its `recordDiskBytes`. */
export interface RecordSize {
  readonly last: Position;
  readonly diskBytes: number;
}

/** The records of a store, as the previous write left them. Never queried for removed ones. */
export interface StoredRecords {
  /** Returns the position after the record that ends at `sequence`; undefined when none does. */
  positionAt(incarnation: IncarnationId, sequence: number): Position | undefined;
  /** Returns the bytes on the disk of the records after `sequence`, up to and including `upTo`. */
  bytesBetween(incarnation: IncarnationId, sequence: number, upTo: number): number;
  /** Returns the records after `sequence`, in order. */
  recordsAfter(incarnation: IncarnationId, sequence: number): Iterable<RecordSize>;
}

/** The difference between two states of an outbox, without appended records. */
export interface OutboxChanges {
  /** Purged incarnations: their records are removed too. */
  readonly purged: readonly IncarnationState[];
  /** New and changed incarnations: their records up to `trimmed` are removed. */
  readonly changed: readonly IncarnationState[];
}

type Write<Type extends OutboxWrite["type"]> = Extract<OutboxWrite, { readonly type: Type }>;

/** Returns the state of a new outbox. */
export function newOutbox(outboxId: OutboxId, serverId: string): OutboxSnapshot {
  return {
    outboxId,
    serverId,
    membership: "unregistered",
    seen: undefined,
    fingerprint: undefined,
    isRedelivering: false,
    incarnations: [],
    purged: { events: 0, likes: 0n },
    mark: undefined,
    bytes: 0,
    retainedBytes: 0,
  };
}

/**
 * Returns `state` after `write`; the same object when nothing changes. Asserts that the write is
 * allowed.
 */
export function applyWrite(
  state: OutboxSnapshot,
  write: OutboxWrite,
  records: StoredRecords,
): OutboxSnapshot {
  switch (write.type) {
    case "mint":
      return applyMint(state, write.incarnation);
    case "append":
      return applyAppend(state, write);
    case "acknowledge":
      return applyAcknowledge(state, write, records);
    case "close":
      return applyClose(state, write.incarnation, records);
    case "trim":
      return applyTrim(state, write, records);
    case "evict":
      return applyEvict(state, write, records);
    case "begin_redelivery":
      return applyBeginRedelivery({ ...withSeen(state, write.seen), isRedelivering: true });
    case "end_redelivery":
      return state.isRedelivering ? { ...state, isRedelivering: false } : state;
    case "park":
      return applyPark(state, write);
    case "unpark": {
      const found = incarnationOf(state, write.incarnation);
      return found.parked === undefined
        ? state
        : withIncarnation(state, { ...found, parked: undefined });
    }
    case "membership":
      return applyMembership(state, write);
    default:
      return unreachable(write);
  }
}

function applyMembership(state: OutboxSnapshot, write: Write<"membership">): OutboxSnapshot {
  const { membership, seen, fingerprint = state.fingerprint } = write;
  const isSame = (state.fingerprint ?? fingerprint) === fingerprint;
  assert(isSame, "an outbox keeps the secret with which it was first admitted");
  return { ...withSeen(state, seen), membership, fingerprint };
}

/**
 * Returns what changed from `before` to `after`, one write later. Both have their common
 * incarnations in the same order.
 */
export function changesBetween(before: OutboxSnapshot, after: OutboxSnapshot): OutboxChanges {
  const purged: IncarnationState[] = [];
  const changed: IncarnationState[] = [];
  let index = 0;
  for (const one of before.incarnations) {
    const next = after.incarnations[index];
    if (next?.incarnation !== one.incarnation) {
      purged.push(one);
      continue;
    }
    if (next !== one) changed.push(next);
    index++;
  }
  return { purged, changed: [...changed, ...after.incarnations.slice(index)] };
}

/** Returns an incarnation; undefined when the outbox never had it, or has purged it. */
export function findIncarnation(
  state: OutboxSnapshot,
  incarnation: IncarnationId,
): IncarnationState | undefined {
  return state.incarnations.findLast((one) => one.incarnation === incarnation);
}

/** Returns the position up to which the records of an incarnation are only retained. */
function retainedEnd({ closed, last, acknowledged }: IncarnationState): Position {
  return closed ? last : acknowledged;
}

function incarnationOf(state: OutboxSnapshot, incarnation: IncarnationId): IncarnationState {
  const found = findIncarnation(state, incarnation);
  assert(found !== undefined, `the outbox has the incarnation ${incarnation}`);
  return found;
}

function applyMint(state: OutboxSnapshot, incarnation: IncarnationId): OutboxSnapshot {
  assert(findIncarnation(state, incarnation) === undefined, `${incarnation} was not minted before`);
  const start = origin(incarnation);
  const positions = { trimmed: start, acknowledged: start, last: start };
  const minted = { incarnation, ...positions, closed: false, parked: undefined };
  return { ...state, incarnations: [...state.incarnations, minted] };
}

function applyAppend(state: OutboxSnapshot, write: AppendWrite): OutboxSnapshot {
  const { incarnation, record, last, mark } = write;
  const { events, bytes } = record;
  const found = incarnationOf(state, incarnation);
  assert(found === state.incarnations.at(-1), "only the newest incarnation appends");
  assert(!found.closed, "a closed incarnation appends nothing");
  assert(events.first === found.last.sequence + 1, "a record follows the last one");
  assert(events.last >= events.first, "a record holds an event");
  assert(last.sequence === events.last, "the position is the one after the record");
  assert(last.likes >= found.last.likes, "likes of an incarnation never shrink");
  storedInteger(last.sequence);
  storedLikes(last.likes);
  assert((mark?.length ?? 0) <= MARK_CHARS_MAX, "a mark is short");
  return {
    ...withIncarnation(state, { ...found, last }),
    mark: mark ?? state.mark,
    bytes: state.bytes + recordDiskBytes(bytes.length),
  };
}

function applyAcknowledge(
  state: OutboxSnapshot,
  { incarnation, upTo, seen }: Write<"acknowledge">,
  records: StoredRecords,
): OutboxSnapshot {
  const found = incarnationOf(state, incarnation);
  const next = withSeen(state, seen);
  if (upTo <= found.acknowledged.sequence) return next;
  const acknowledged = records.positionAt(incarnation, upTo);
  assert(acknowledged !== undefined, `${upTo} is the end of a record`);
  return withRetained(next, { ...found, acknowledged }, records);
}

function applyClose(
  state: OutboxSnapshot,
  incarnation: IncarnationId,
  records: StoredRecords,
): OutboxSnapshot {
  const found = incarnationOf(state, incarnation);
  if (found.closed) return state;
  return withRetained(state, { ...found, closed: true, parked: undefined }, records);
}

function applyTrim(
  state: OutboxSnapshot,
  { incarnation, upTo }: Write<"trim">,
  records: StoredRecords,
): OutboxSnapshot {
  const found = findIncarnation(state, incarnation);
  // Records that have come of age may be evicted or purged already.
  if (found === undefined || upTo <= found.trimmed.sequence) return state;
  const trimmed = records.positionAt(incarnation, upTo);
  assert(trimmed !== undefined, `${upTo} is the end of a record`);
  return withTrimmed(state, found, trimmed, records);
}

/**
 * Purges incarnations beyond the bound, then removes records one by one: it reads no more records
 * than it removes.
 */
function applyEvict(
  state: OutboxSnapshot,
  { bytesMax, closedMax }: Write<"evict">,
  records: StoredRecords,
): OutboxSnapshot {
  let next = state;
  for (const one of incarnationsToPurge(state.incarnations, closedMax)) {
    next = withoutIncarnation(withTrimmed(next, one, one.last, records), one);
  }
  for (const one of next.incarnations) {
    if (next.retainedBytes <= bytesMax) break;
    next = withTrimmed(next, one, evictEnd(one, next.retainedBytes - bytesMax, records), records);
  }
  return next;
}

/**
 * Returns the position to trim `one` to, so that `bytes` less are retained, or as many as it has.
 */
function evictEnd(one: IncarnationState, bytes: number, records: StoredRecords): Position {
  const end = retainedEnd(one);
  let [trimmed, bytesLeft] = [one.trimmed, bytes];
  if (trimmed.sequence === end.sequence) return trimmed;
  for (const { last, diskBytes } of records.recordsAfter(one.incarnation, trimmed.sequence)) {
    trimmed = last;
    bytesLeft -= diskBytes;
    if (bytesLeft <= 0 || last.sequence === end.sequence) break;
  }
  return trimmed;
}

function applyBeginRedelivery(state: OutboxSnapshot): OutboxSnapshot {
  const isOpen = ({ closed, parked, acknowledged, trimmed }: IncarnationState): boolean =>
    !closed && parked === undefined && acknowledged.sequence === trimmed.sequence;
  if (state.incarnations.every(isOpen)) return state;
  const opened = { closed: false, parked: undefined };
  const incarnations = state.incarnations.map((one) => {
    return isOpen(one) ? one : { ...one, ...opened, acknowledged: one.trimmed };
  });
  return { ...state, incarnations, retainedBytes: 0 };
}

function applyPark(state: OutboxSnapshot, { incarnation, trouble }: Write<"park">): OutboxSnapshot {
  assert(trouble.incarnation === incarnation, "an incarnation is parked for its own trouble");
  const found = incarnationOf(state, incarnation);
  assert(!found.closed, "a closed incarnation is not parked");
  storedInteger(trouble.events?.first ?? 0);
  storedInteger(trouble.events?.last ?? 0);
  return withIncarnation(state, { ...found, parked: trouble });
}

/**
 * Returns `state` with `by` in place of the old incarnation, and with the bytes that it retains
 * now.
 */
function withRetained(
  state: OutboxSnapshot,
  by: IncarnationState,
  records: StoredRecords,
): OutboxSnapshot {
  const { incarnation } = by;
  const before = retainedEnd(incarnationOf(state, incarnation)).sequence;
  const after = retainedEnd(by).sequence;
  const bytes = after > before ? records.bytesBetween(incarnation, before, after) : 0;
  return { ...withIncarnation(state, by), retainedBytes: state.retainedBytes + bytes };
}

/** Returns `state` without the records of an incarnation up to and including `trimmed`. */
function withTrimmed(
  state: OutboxSnapshot,
  found: IncarnationState,
  trimmed: Position,
  records: StoredRecords,
): OutboxSnapshot {
  assert(trimmed.sequence <= retainedEnd(found).sequence, "only what is acknowledged is removed");
  if (trimmed.sequence === found.trimmed.sequence) return state;
  const { incarnation, acknowledged } = found;
  const bytes = records.bytesBetween(incarnation, found.trimmed.sequence, trimmed.sequence);
  const isBehind = acknowledged.sequence < trimmed.sequence;
  const by = { ...found, trimmed, acknowledged: isBehind ? trimmed : acknowledged };
  return {
    ...withIncarnation(state, by),
    bytes: state.bytes - bytes,
    retainedBytes: state.retainedBytes - bytes,
  };
}

/** Returns `state` with `by` in place of the old incarnation. */
function withIncarnation(state: OutboxSnapshot, by: IncarnationState): OutboxSnapshot {
  const index = state.incarnations.findLastIndex((one) => one.incarnation === by.incarnation);
  return { ...state, incarnations: state.incarnations.with(index, by) };
}

/** Returns `state` without an incarnation whose records are removed. Only its sums are kept. */
function withoutIncarnation(
  state: OutboxSnapshot,
  { incarnation, last }: IncarnationState,
): OutboxSnapshot {
  const { events, likes } = state.purged;
  return {
    ...state,
    incarnations: state.incarnations.filter((one) => one.incarnation !== incarnation),
    purged: {
      events: storedInteger(events + last.sequence),
      likes: storedLikes(likes + last.likes),
    },
  };
}

/** Returns `state` with the ledger as `seen`; the same object when that is not new. */
function withSeen(state: OutboxSnapshot, seen: LedgerSeen | undefined): OutboxSnapshot {
  if (seen === undefined || isDeepStrictEqual(seen, state.seen)) return state;
  storedInteger(seen.version);
  return { ...state, seen };
}
