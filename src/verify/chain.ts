/**
 * Verifies the records of an incarnation in one outbox, each against the one before: its sequences
 * follow, its digest matches its bytes, its bytes are events, and its likes match them. After a
 * defect the chain continues from the stored values, so that each defect is reported once.
 */
import { createHash } from "node:crypto";
import type { Findings } from "./findings.ts";
import { addedLikes, decodeEvents } from "./like_events.ts";
import type { AuditedEvent } from "./like_events.ts";
import type {
  OutboxIncarnation,
  OutboxFile,
  AuditedPosition,
  StoredRecord,
} from "./outbox_file.ts";
import type { Place, StoredId } from "./report.ts";
import { CorruptStoreError } from "./corrupt_store_error.ts";

/** An incarnation as one outbox stores it. */
export interface Source {
  readonly file: OutboxFile;
  readonly stored: OutboxIncarnation;
}

/** A record of a chain; `decoded` is undefined when its bytes are not its events. */
export interface VerifiedRecord extends StoredRecord {
  readonly source: Source;
  readonly decoded: readonly AuditedEvent[] | undefined;
}

/** The first thing wrong with a record. */
interface Defect {
  readonly what: string;
  readonly expected: unknown;
  readonly found: unknown;
}

const DIGEST_DIGITS = 32;
const SEQUENCE_BYTES = 8;

/** The first half of SHA-256 over the digest before, the first sequence and the bytes. */
function digestAfter(before: StoredId, firstSequence: number, bytes: Uint8Array): StoredId {
  const place = Buffer.alloc(SEQUENCE_BYTES);
  place.writeBigUInt64BE(BigInt(firstSequence));
  const hash = createHash("sha256").update(Buffer.from(before, "hex")).update(place).update(bytes);
  return hash.digest("hex").slice(0, DIGEST_DIGITS);
}

/** Returns the place of a sequence in a source. */
export function placeOf({ file, stored }: Source, sequence: number): Place {
  return { serverId: file.serverId, incarnation: stored.incarnation, sequence };
}

/** Yields the records in sequence order and reports their defects; skips those out of place. */
export function* chainOf(source: Source, findings: Findings): Generator<VerifiedRecord> {
  const { trimmed, acknowledged, incarnation } = source.stored;
  if (trimmed.sequence === 0) {
    const start = { sequence: 0, digest: incarnation, likes: 0n };
    expectSame(source, "the incarnation has a wrong start", {
      expected: start,
      found: trimmed,
      findings,
    });
  }
  let before: AuditedPosition = trimmed;
  let isAcknowledgedMet = acknowledged.sequence === trimmed.sequence;
  if (isAcknowledgedMet) expectAcknowledged(source, trimmed, findings);
  try {
    for (const record of source.file.records(source.stored)) {
      const { first, last } = record.events;
      const place = placeOf(source, first);
      if (first <= before.sequence || last < first) {
        findings.diverge(place, "a record is out of place", before.sequence + 1, first);
        continue;
      }
      const events = eventsOf(record);
      const defect = defectOf(before, record, events);
      if (defect !== undefined) findings.diverge(place, defect.what, defect.expected, defect.found);
      before = record;
      if (record.sequence === acknowledged.sequence) {
        isAcknowledgedMet = true;
        expectAcknowledged(source, record, findings);
      }
      const isWhole = Array.isArray(events) && events.length === last - first + 1;
      yield { ...record, source, decoded: isWhole ? events : undefined };
    }
  } catch (error) {
    findings.damage(placeOf(source, before.sequence + 1), error);
    return;
  }
  if (isAcknowledgedMet) return;
  const place = placeOf(source, acknowledged.sequence);
  findings.diverge(place, "the acknowledged position is missing", "the end of a record", "none");
}

/** Returns the events of a record, or why its bytes are not events. */
function eventsOf({ bytes }: StoredRecord): readonly AuditedEvent[] | string {
  if (bytes === undefined) return "more bytes than a record may have";
  try {
    return decodeEvents(bytes);
  } catch (error) {
    if (error instanceof CorruptStoreError) return error.message;
    throw error;
  }
}

function defectOf(
  before: AuditedPosition,
  record: StoredRecord,
  events: readonly AuditedEvent[] | string,
): Defect | undefined {
  const { bytes, digest, likes } = record;
  const { first, last } = record.events;
  const follows = first === before.sequence + 1;
  if (!follows) {
    return { what: "events are missing", expected: before.sequence + 1, found: first };
  }
  const computed = bytes && digestAfter(before.digest, first, bytes);
  if (computed !== undefined && computed !== digest) {
    return { what: "the digest does not match the record", expected: computed, found: digest };
  }
  if (typeof events === "string") {
    return { what: "the bytes of a record are not events", expected: "events", found: events };
  }
  const count = last - first + 1;
  if (events.length !== count) {
    return {
      what: "a record's events do not match its sequences",
      expected: count,
      found: events.length,
    };
  }
  const sum = events.reduce((total, event) => total + addedLikes(event), before.likes);
  if (sum === likes) return undefined;
  return { what: "the likes do not match the events", expected: sum, found: likes };
}

function expectAcknowledged(source: Source, found: AuditedPosition, findings: Findings): void {
  const expected = source.stored.acknowledged;
  expectSame(source, "the acknowledged position does not match its record", {
    expected,
    found,
    findings,
  });
}

function expectSame(
  source: Source,
  what: string,
  {
    expected,
    found,
    findings,
  }: {
    readonly expected: AuditedPosition;
    readonly found: AuditedPosition;
    readonly findings: Findings;
  },
): void {
  if (expected.digest === found.digest && expected.likes === found.likes) return;
  const place = placeOf(source, expected.sequence);
  findings.diverge(place, what, positionText(expected), positionText(found));
}

function positionText({ digest, likes }: AuditedPosition): string {
  return `${digest} with ${likes} likes`;
}
