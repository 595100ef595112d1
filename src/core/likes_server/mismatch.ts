/**
 * Why delivery cannot continue from where the ledger stands. One side forgot something, or both
 * have different events under the same sequences. It becomes a trouble, and is never guessed (law
 * 7).
 */
import type { IncarnationView } from "./outbox_view.ts";
import type { ReportedTrouble, Welcome } from "../protocol/messages.ts";
import type { EventRange, Position } from "../protocol/record.ts";

/**
 * Returns the trouble that the applied sequence alone shows; undefined when the digests may be
 * compared.
 */
export function mismatchAtWelcome(
  incarnation: IncarnationView,
  { appliedSequence }: Welcome,
): ReportedTrouble | undefined {
  const { last } = incarnation.stored;
  if (appliedSequence <= last.sequence) return gapAfter(incarnation, appliedSequence);
  const events = doubtfulEvents(incarnation, appliedSequence);
  const detail = `it ends at #${last.sequence}, but #${appliedSequence} was applied`;
  const { id } = incarnation;
  return { kind: "outbox_rolled_back", incarnation: id, events, digest: undefined, detail };
}

/**
 * Returns the trouble when the outbox has `position` at the applied sequence; undefined when
 * delivery continues from there. Checks for a gap again: events may have been removed since the
 * Welcome.
 */
export function mismatchAtPosition(
  incarnation: IncarnationView,
  { appliedSequence, digest }: Welcome,
  position: Position | undefined,
): ReportedTrouble | undefined {
  const gap = gapAfter(incarnation, appliedSequence);
  if (gap !== undefined) return gap;
  if (position?.digest === digest) return undefined;
  const events = doubtfulEvents(incarnation, appliedSequence);
  const detail = `it has other events up to #${appliedSequence} than were applied`;
  const { id } = incarnation;
  return { kind: "digest_differs", incarnation: id, events, digest: undefined, detail };
}

/**
 * Returns the trouble of unapplied events that were removed from the outbox; undefined when there
 * are none.
 */
function gapAfter(
  { id: incarnation, stored }: IncarnationView,
  appliedSequence: number,
): ReportedTrouble | undefined {
  const { sequence, digest } = stored.trimmed;
  if (sequence <= appliedSequence) return undefined;
  const events = { first: appliedSequence + 1, last: sequence };
  const detail = `#${events.first} to #${events.last} are neither applied nor in the outbox`;
  return { kind: "gap", incarnation, events, digest, detail };
}

/**
 * Returns the events that may differ between outbox and ledger, up to the last one of either side.
 * They begin after the acknowledged sequence, or at 1 if the ledger lacks that sequence.
 */
function doubtfulEvents(
  { acknowledged, stored }: IncarnationView,
  appliedSequence: number,
): EventRange {
  const { sequence } = acknowledged;
  const first = sequence < appliedSequence ? sequence + 1 : 1;
  return { first, last: Math.max(appliedSequence, stored.last.sequence) };
}
