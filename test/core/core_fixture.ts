/** Events, batches and messages that the core tests share. */
import { acceptedLikes } from "../../src/core/protocol/like_event.ts";
import type { LikeEvent } from "../../src/core/protocol/like_event.ts";
import type { LedgerCommand } from "../../src/core/ledger/ledger_command.ts";
import type {
  Ack,
  Hello,
  LikeBatch,
  Pulse,
  Report,
  ReportedTrouble,
  Welcome,
} from "../../src/core/protocol/messages.ts";
import { origin } from "../../src/core/protocol/record.ts";
import type { LikeRecord, Position } from "../../src/core/protocol/record.ts";
import type { IncarnationId } from "../../src/core/protocol/ids.ts";
import { recordCodec } from "../../src/format/record_codec.ts";
import { FINGERPRINT } from "../fixtures/secret.ts";
import { testId } from "../store/faults.ts";

export const LEDGER = testId(0x1e);
export const GENERATION = testId(0x91);
export const OUTBOX = testId(0xa);
export const OTHER_OUTBOX = testId(0xb);
export const FIRST = testId(1);
export const SECOND = testId(2);

/** An event that adds `likes` to `itemId`. */
export function like(likes: number | bigint, itemId = "video"): LikeEvent {
  return { itemId, change: { kind: "add", likes: BigInt(likes) } };
}

/** A record of `events` after `position`, and the position after it. */
export function recordAfter(
  position: Position,
  events: readonly LikeEvent[],
): { readonly record: LikeRecord; readonly last: Position } {
  const bytes = Buffer.concat(events.map((event) => recordCodec.encode(event)));
  const first = position.sequence + 1;
  const sequence = position.sequence + events.length;
  const digest = recordCodec.digest(position.digest, first, bytes);
  const likes = events.reduce((sum, { change }) => sum + acceptedLikes(change), position.likes);
  return {
    record: { events: { first, last: sequence }, bytes },
    last: { sequence, digest, likes },
  };
}

/** Consecutive batches of an incarnation, one record each; `likes[i]` are the events of batch i. */
export function batches<const Likes extends readonly (readonly number[])[]>(
  incarnation: IncarnationId,
  likes: Likes,
): { -readonly [Index in keyof Likes]: LikeBatch } {
  let position = origin(incarnation);
  const made = likes.map((group): LikeBatch => {
    const { record, last } = recordAfter(
      position,
      group.map((one) => like(one)),
    );
    position = last;
    const { events } = record;
    return { type: "batch", incarnation, events, records: [record], digest: last.digest };
  });
  return made as { -readonly [Index in keyof Likes]: LikeBatch };
}

/** The first batch of an incarnation, with one event for each of `likes`. */
export function batch(incarnation: IncarnationId, likes: readonly number[]): LikeBatch {
  return batches(incarnation, [likes])[0];
}

export function hello(changes: Partial<Hello> = {}): Hello {
  return {
    type: "hello",
    protocolVersion: 1,
    serverId: "likes-server-0",
    address: "127.0.0.1:1",
    outboxId: OUTBOX,
    incarnation: FIRST,
    acknowledgedSequence: 0,
    seen: undefined,
    fingerprint: FINGERPRINT,
    ...changes,
  };
}

export function report(changes: Partial<Report> = {}): Report {
  return {
    type: "report",
    incarnation: FIRST,
    pulseMs: 1,
    lastSequence: 0,
    acceptedLikes: 0n,
    acknowledgedEvents: 0,
    final: false,
    leaving: false,
    otherPendingEvents: 0,
    shownVersion: 0,
    shownTotalLikes: 0n,
    troubles: [],
    ...changes,
  };
}

export function pulse(changes: Partial<Pulse> = {}): Pulse {
  return {
    type: "pulse",
    pulseMs: 1_000,
    generation: GENERATION,
    version: 1,
    totalLikes: 0n,
    asOfMs: 0,
    convergence: "unknown",
    ...changes,
  };
}

export function welcome(incarnation: IncarnationId, changes: Partial<Welcome> = {}): Welcome {
  return {
    type: "welcome",
    ledgerId: LEDGER,
    generation: GENERATION,
    appliedSequence: 0,
    digest: origin(incarnation).digest,
    redeliver: false,
    pulse: pulse({ pulseMs: 1 }),
    ...changes,
  };
}

export function ack(incarnation: IncarnationId, changes: Partial<Ack> = {}): Ack {
  return {
    type: "ack",
    incarnation,
    appliedSequence: 0,
    version: 1,
    closed: false,
    admitted: true,
    left: false,
    resolved: [],
    ...changes,
  };
}

/** A gap of three events after the first three, with `changes`. */
export function trouble(changes: Partial<ReportedTrouble> = {}): ReportedTrouble {
  return {
    kind: "gap",
    incarnation: FIRST,
    events: { first: 4, last: 6 },
    digest: testId(0xd),
    detail: "found",
    ...changes,
  };
}

/** A command for a report of `outboxId` on stream 1. */
export function reportCommand(changes: Partial<Report> = {}, outboxId = OUTBOX): LedgerCommand {
  const from = {
    outboxId,
    serverId: "likes-server-0",
    address: "127.0.0.1:1",
    fingerprint: FINGERPRINT,
    highestReported: undefined,
  };
  return { type: "report", streamId: 1, report: { ...from, report: report(changes) } };
}

/** A command for a batch of `outboxId`. */
export function batchCommand(of: LikeBatch, outboxId = OUTBOX, streamId = 1): LedgerCommand {
  return { type: "batch", streamId, outboxId, batch: of };
}
