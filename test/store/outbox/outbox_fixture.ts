/** The disk and the events that the outbox tests share. */
import type { LedgerSeen } from "../../../src/core/protocol/messages.ts";
import type {
  AppendWrite,
  IncarnationState,
  OutboxStore,
  OutboxWrite,
} from "../../../src/core/likes_server/outbox.ts";
import { origin } from "../../../src/core/protocol/record.ts";
import type { Position } from "../../../src/core/protocol/record.ts";
import type { IncarnationId } from "../../../src/core/protocol/ids.ts";
import { testId } from "../faults.ts";

/** A disk with one outbox: id `OUTBOX_ID`, LikesServer `SERVER_ID`. */
export interface OutboxFixture extends AsyncDisposable {
  /** Opens the outbox and closes the previous opening. */
  open(): OutboxStore;
  /** The same, but an append of `LARGE_BYTES` is refused at least once. */
  openFull(): OutboxStore;
  /** Makes the next append end in doubt. */
  breakDisk(): void;
}

export const OUTBOX_ID = testId(0xa);
export const SERVER_ID = "fra-1";
/** The bytes of a record that a full disk refuses. */
export const LARGE_BYTES = 100_000;

const STEP_LIKES = 10n;

/** An append of the events `first` to `last` with `STEP_LIKES` each. */
export function append(
  incarnation: IncarnationId,
  [first, last]: readonly [number, number],
  { bytes = 3, mark }: { bytes?: number; mark?: string } = {},
): AppendWrite {
  return {
    type: "append",
    incarnation,
    record: { events: { first, last }, bytes: new Uint8Array(bytes).fill(last) },
    last: positionAt(last),
    mark,
  };
}

export function mint(incarnation: IncarnationId): OutboxWrite {
  return { type: "mint", incarnation };
}

export function close(incarnation: IncarnationId): OutboxWrite {
  return { type: "close", incarnation };
}

export function evict(bytesMax: number, closedMax: number): OutboxWrite {
  return { type: "evict", bytesMax, closedMax };
}

/** Events 1, 2 and 3 of `incarnation`, each in its own record. */
export function three(incarnation: IncarnationId): readonly OutboxWrite[] {
  return [1, 2, 3].map((sequence) => append(incarnation, [sequence, sequence]));
}

/** Returns the ids of the incarnations of an outbox, oldest first. */
export function idsOf({ state }: OutboxStore): readonly IncarnationId[] {
  return state.incarnations.map(({ incarnation }) => incarnation);
}

/** Acknowledges everything up to `upTo`. */
export function acknowledge(
  incarnation: IncarnationId,
  upTo: number,
  seen?: LedgerSeen,
): OutboxWrite {
  return { type: "acknowledge", incarnation, upTo, seen };
}

/** A newly minted incarnation with `changes`. */
export function incarnationWith(
  incarnation: IncarnationId,
  changes: Partial<IncarnationState>,
): IncarnationState {
  const start = origin(incarnation);
  const positions = { trimmed: start, acknowledged: start, last: start };
  return { incarnation, ...positions, closed: false, parked: undefined, ...changes };
}

/** The position that `append` leaves at `sequence`. */
export function positionAt(sequence: number): Position {
  return { sequence, digest: testId(0xd00 + sequence), likes: STEP_LIKES * BigInt(sequence) };
}

/** The ends of the records after `sequence`, within generous bounds. */
export async function sequencesAfter(
  store: OutboxStore,
  incarnation: IncarnationId,
  sequence: number,
  { bytesMax = 1_000_000, recordsMax = 100 } = {},
): Promise<readonly number[]> {
  const { records } = await store.read(incarnation, sequence, bytesMax, recordsMax);
  return records.map(({ events }) => events.last);
}
