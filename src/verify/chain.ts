/**
 * The records of an incarnation in one outbox, each against the one before: its sequences follow, its
 * digest is that of its bytes, its bytes are events, and its likes are theirs. After something wrong
 * the chain goes on from what is stored, so that each damage is told once.
 */
import { createHash } from "node:crypto";
import type { Findings } from "./findings.ts";
import { decodeEvents } from "./like_events.ts";
import type { AuditedEvent } from "./like_events.ts";
import type { HeldIncarnation, OutboxFile, Position, StoredRecord } from "./outbox_file.ts";
import type { Id, Place } from "./report.ts";
import { CorruptStoreError } from "./corrupt_store_error.ts";

/** An incarnation in one outbox. */
export interface Source {
  readonly file: OutboxFile;
  readonly held: HeldIncarnation;
}

/** A record of a chain; without events where its bytes are none. */
export interface VerifiedRecord extends StoredRecord {
  readonly source: Source;
  readonly events: readonly AuditedEvent[] | undefined;
}

/** What is wrong with a record: the first thing. */
interface Wrong {
  readonly what: string;
  readonly expected: unknown;
  readonly found: unknown;
}

const DIGEST_DIGITS = 32;
const SEQUENCE_BYTES = 8;

/** The digest after a record: the first half of SHA-256 over the one before, its place, its bytes. */
function digestAfter(before: Id, firstSequence: number, bytes: Uint8Array): Id {
  const place = Buffer.alloc(SEQUENCE_BYTES);
  place.writeBigUInt64BE(BigInt(firstSequence));
  const hash = createHash("sha256").update(Buffer.from(before, "hex")).update(place).update(bytes);
  return hash.digest("hex").slice(0, DIGEST_DIGITS);
}

/** Where something of `holder` is. */
export function placeOf({ file, held }: Source, sequence: number): Place {
  return { serverId: file.serverId, incarnation: held.incarnation, sequence };
}

/** Returns the records that are at their place, in order, and finds what is wrong with any. */
export function* chainOf(source: Source, findings: Findings): Generator<VerifiedRecord> {
  const { trimmed, acknowledged, incarnation } = source.held;
  if (trimmed.sequence === 0) {
    const start = { sequence: 0, digest: incarnation, likes: 0n };
    expectSame(source, "the incarnation begins elsewhere", {
      expected: start,
      found: trimmed,
      findings,
    });
  }
  let before: Position = trimmed;
  let isAcknowledgedMet = acknowledged.sequence === trimmed.sequence;
  if (isAcknowledgedMet) expectAcknowledged(source, trimmed, findings);
  try {
    for (const record of source.file.records(source.held)) {
      const { firstSequence, lastSequence } = record;
      const place = placeOf(source, firstSequence);
      if (firstSequence <= before.sequence || lastSequence < firstSequence) {
        findings.diverge(place, "a record is not at its place", before.sequence + 1, firstSequence);
        continue;
      }
      const events = eventsOf(record);
      const wrong = wrongOf(before, record, events);
      if (wrong !== undefined) findings.diverge(place, wrong.what, wrong.expected, wrong.found);
      before = record;
      if (record.sequence === acknowledged.sequence) {
        isAcknowledgedMet = true;
        expectAcknowledged(source, record, findings);
      }
      const isWhole = Array.isArray(events) && events.length === lastSequence - firstSequence + 1;
      yield { ...record, source, events: isWhole ? events : undefined };
    }
  } catch (error) {
    findings.damage(placeOf(source, before.sequence + 1), error);
    return;
  }
  if (isAcknowledgedMet) return;
  const place = placeOf(source, acknowledged.sequence);
  findings.diverge(place, "what is acknowledged is not there", "the end of a record", "none");
}

/** The events of a record, or why its bytes are none. */
function eventsOf({ bytes }: StoredRecord): readonly AuditedEvent[] | string {
  if (bytes === undefined) return "they are more than a record may have";
  try {
    return decodeEvents(bytes);
  } catch (error) {
    if (error instanceof CorruptStoreError) return error.message;
    throw error;
  }
}

function wrongOf(
  before: Position,
  record: StoredRecord,
  events: readonly AuditedEvent[] | string,
): Wrong | undefined {
  const { firstSequence, lastSequence, bytes, digest, likes } = record;
  const follows = firstSequence === before.sequence + 1;
  if (!follows) {
    return { what: "events are missing", expected: before.sequence + 1, found: firstSequence };
  }
  const computed = bytes && digestAfter(before.digest, firstSequence, bytes);
  if (computed !== undefined && computed !== digest) {
    return { what: "the digest is not that of the record", expected: computed, found: digest };
  }
  if (typeof events === "string") {
    return { what: "the bytes of a record are no events", expected: "events", found: events };
  }
  const count = lastSequence - firstSequence + 1;
  if (events.length !== count) {
    return {
      what: "a record has other events than sequences",
      expected: count,
      found: events.length,
    };
  }
  const sum = events.reduce((total, event) => total + event.likes, before.likes);
  if (sum === likes) return undefined;
  return { what: "the likes are not those of the events", expected: sum, found: likes };
}

function expectAcknowledged(source: Source, found: Position, findings: Findings): void {
  const expected = source.held.acknowledged;
  expectSame(source, "what is acknowledged is another", { expected, found, findings });
}

function expectSame(
  source: Source,
  what: string,
  {
    expected,
    found,
    findings,
  }: { readonly expected: Position; readonly found: Position; readonly findings: Findings },
): void {
  if (expected.digest === found.digest && expected.likes === found.likes) return;
  const place = placeOf(source, expected.sequence);
  findings.diverge(place, what, positionText(expected), positionText(found));
}

function positionText({ digest, likes }: Position): string {
  return `${digest} with ${likes} likes`;
}
