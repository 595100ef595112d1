/**
 * What one process of a LikesServer sent and wrote, seen from outside: it sends nothing before it
 * is synced (law 1), and keeps every window and queue within its bound (law 6).
 */
import type {
  AddResult,
  Retention,
  SetResult,
} from "../../../src/core/likes_server/likes_server.ts";
import { lastSequenceOf } from "../../../src/core/protocol/messages.ts";
import type { FromLikesServer, FromPrimary } from "../../../src/core/protocol/messages.ts";
import { acceptedOf } from "../../../src/core/likes_server/outbox.ts";
import type { OutboxSnapshot, OutboxWrite } from "../../../src/core/likes_server/outbox.ts";
import type { IncarnationId } from "../../../src/core/protocol/ids.ts";
import {
  BACKOFF_FIRST_MS,
  BACKOFF_MAX_MS,
  BATCH_RECORDS_MAX,
  RECORD_BYTES_MAX,
  TROUBLES_MAX,
  WINDOW_BATCHES_MAX,
  WINDOW_BYTES_MAX,
} from "../../../src/limits.ts";
import type { OutboxDisk } from "../../../src/store/outbox/memory_outbox.ts";
import type { AmnesiaWatch } from "./amnesia_watch.ts";
import type { AsOfCheck } from "./as_of_check.ts";
import { expect } from "./failure.ts";
import { OutboxCheck } from "./outbox_check.ts";
import { ROUNDING_MS } from "./rounding.ts";
import type { Lineage } from "./lineage.ts";
import type { Truth } from "./truth.ts";

/** The bounds of the wait after a break; a process may notice the end of the wait late. */
const BACKOFF_MIN_MS = BACKOFF_FIRST_MS / 2;
const LATE_MS = 500;

interface Observed {
  readonly truth: Truth;
  readonly home: Lineage;
  readonly amnesia: AmnesiaWatch;
  readonly asOf: AsOfCheck;
}

interface Bounds {
  readonly outboxBytesMax: number;
  readonly retain: Retention;
}

/** One process of a LikesServer. */
export class LikesServerWatch {
  readonly #oracle: Observed;
  readonly #disk: OutboxDisk;
  readonly #outboxBytesMax: number;
  readonly #outbox: OutboxCheck;
  /** Unacknowledged batches of the current stream. */
  #inFlight: { readonly last: number; readonly bytes: number }[] = [];
  /** The incarnation of its last Hello. */
  #delivered: IncarnationId | undefined;
  isLeaving = false;
  /** Whether it has sent a report on the current stream and more may follow. */
  isSending = false;
  /** Whether the disk has ever allowed this process to accept likes. */
  #mayAccept: boolean;
  /** Incarnations that it has reported as final. */
  readonly #final = new Set<IncarnationId>();
  /** The version that it has shown last. */
  #shownVersion = 0;
  /** Whether the ledger may know it, as far as this process can tell. */
  #mayBeKnown = false;
  /** When the last stream broke; undefined once it connects again. */
  #brokenMs: number | undefined;

  constructor(oracle: Observed, disk: OutboxDisk, plan: Bounds) {
    this.#oracle = oracle;
    this.#disk = disk;
    this.#outboxBytesMax = plan.outboxBytesMax;
    this.#outbox = new OutboxCheck(disk, plan.retain);
    this.#mayAccept = disk.content.state.membership === "member";
  }

  /** It shows a total of this version. */
  shows(version: number): void {
    this.#shownVersion = version;
  }

  /** A process begins, at world time `nowMs`. */
  begun(nowMs: number): void {
    this.#mayBeKnown = this.#disk.content.state.membership !== "unregistered";
    this.#outbox.begun(nowMs);
  }

  /** Called long after the faults ended. */
  checkAged(nowMs: number): void {
    this.#outbox.checkAged(nowMs);
  }

  /** Writes reached the disk, which had `before`. */
  synced(before: OutboxSnapshot, writes: readonly OutboxWrite[], nowMs: number): void {
    const { state } = this.#disk.content;
    this.#oracle.truth.synced(state.outboxId, writes);
    this.#mayAccept ||= state.membership === "member";
    const [write] = writes;
    const isLate = write?.type === "append" && this.#final.has(write.incarnation);
    expect(!isLate, () => "likes are appended after the final report");
    // Redelivery to a restored ledger counts as pending and may exceed the bound.
    if (write?.type === "append" && this.#oracle.amnesia.isPlain(state.outboxId)) {
      const pending = state.bytes - state.retainedBytes;
      const isWithin = pending <= this.#outboxBytesMax;
      expect(isWithin, () => `${pending} bytes are pending in the outbox`);
    }
    this.#outbox.synced(before, writes, nowMs);
    const kept = new Set(state.incarnations.map(({ incarnation }) => incarnation));
    for (const { incarnation, last } of before.incarnations) {
      if (last.sequence > 0 && !kept.has(incarnation)) this.#oracle.asOf.purged.add(incarnation);
    }
    for (const write of writes) {
      if (write.type === "close") this.#checkClosed(write.incarnation);
      if (write.type === "end_redelivery") this.#oracle.amnesia.redelivered(state.outboxId);
    }
  }

  answered(requestId: number, outcome: AddResult | SetResult): void {
    const add = this.#oracle.truth.answered(requestId, outcome);
    if (!("sequence" in outcome)) return;
    expect(this.#mayAccept, () => `${add.itemId} is accepted before membership`);
    const last = this.#lastOf(outcome.incarnation);
    const isDurable = outcome.sequence <= last;
    expect(isDurable, () => `${add.itemId} is acknowledged, but the disk ends at #${last}`);
  }

  /** A stream broke that it had not ended itself. */
  broken(nowMs: number): void {
    this.#brokenMs = nowMs;
  }

  /** It connects. `isOnTime` is true if it only waited since the last break. */
  connected(nowMs: number, isOnTime: boolean): void {
    this.#inFlight = [];
    this.isSending = false;
    if (this.#brokenMs === undefined) return;
    const waitedMs = nowMs - this.#brokenMs + ROUNDING_MS;
    this.#brokenMs = undefined;
    expect(waitedMs >= BACKOFF_MIN_MS, () => `reconnects too early, after ${waitedMs} ms`);
    const isSoon = waitedMs <= BACKOFF_MAX_MS + LATE_MS || !isOnTime;
    expect(isSoon, () => `reconnects too late, after ${waitedMs} ms`);
  }

  /** An outbox closes an incarnation only after the ledger has. */
  #checkClosed(incarnation: IncarnationId): void {
    const { amnesia, home, truth } = this.#oracle;
    const { outboxId } = this.#disk.content.state;
    const isEmpty = (truth.syncedOf(incarnation)?.adds.length ?? 0) === 0;
    if (isEmpty || !amnesia.isPlain(outboxId)) return;
    const state = home.disk.incarnations.get(incarnation)?.state;
    expect(state === "closed", () => `${incarnation} is closed here, and ${state} in the ledger`);
  }

  sent(message: FromLikesServer): void {
    if (message.type === "hello") {
      this.#delivered = message.incarnation;
      return;
    }
    const last = this.#lastOf(message.incarnation);
    const named = lastSequenceOf(message);
    expect(named <= last, () => `sends #${named}, the disk ends at #${last}`);
    if (message.type === "batch") return this.#sentBatch(message);
    this.#mayBeKnown = true;
    this.isSending = !message.final;
    const { purged, incarnations, membership } = this.#disk.content.state;
    if (message.final) this.#final.add(message.incarnation);
    expect(
      !message.leaving || membership === "leaving",
      () => "it leaves before that is on its disk",
    );
    const version = this.#shownVersion;
    expect(message.shownVersion <= version, () => `shows ${version}, not ${message.shownVersion}`);
    const { likes } = acceptedOf(purged, incarnations);
    expect(message.acceptedLikes <= likes, () => `reports ${message.acceptedLikes} of ${likes}`);
    expect(message.troubles.length <= TROUBLES_MAX, () => "too many troubles in one report");
  }

  #sentBatch({ events, records }: Extract<FromLikesServer, { type: "batch" }>): void {
    let bytes = 0;
    for (const record of records) bytes += record.bytes.length;
    this.#inFlight.push({ last: events.last, bytes });
    let inFlightBytes = 0;
    for (const one of this.#inFlight) inFlightBytes += one.bytes;
    const isBounded =
      this.#inFlight.length <= WINDOW_BATCHES_MAX &&
      inFlightBytes <= WINDOW_BYTES_MAX + RECORD_BYTES_MAX &&
      records.length <= BATCH_RECORDS_MAX;
    expect(isBounded, () => `${this.#inFlight.length} batches, ${inFlightBytes} bytes in flight`);
  }

  received(message: FromPrimary, nowMs: number): void {
    if (message.type === "pulse") return;
    const { appliedSequence } = message;
    const incarnation = message.type === "ack" ? message.incarnation : this.#delivered;
    if (incarnation !== undefined) {
      this.#outbox.acknowledged(incarnation, appliedSequence, nowMs);
    }
    if (message.type !== "ack") return;
    this.#inFlight = this.#inFlight.filter(({ last }) => last > appliedSequence);
  }

  /** It reported that everything is delivered, and that it left if it was asked to. */
  stopped(): void {
    const { home: lineage } = this.#oracle;
    const { outboxId, incarnations, membership } = this.#disk.content.state;
    const isStillMember = this.isLeaving && membership === "member";
    expect(!isStillMember, () => "it left, but its disk still has a member");
    for (const { incarnation, last } of incarnations) {
      const applied = lineage.appliedOf(incarnation);
      expect(
        applied === last.sequence,
        () => `stopped with #${last.sequence} on disk, #${applied} applied`,
      );
    }
    const isMember = lineage.disk.members.get(outboxId)?.state === "member";
    const mustHaveLeft = this.isLeaving && this.#mayBeKnown;
    expect(!mustHaveLeft || !isMember, () => "stopped without having left");
  }

  /** The last synced sequence of an incarnation, also of a purged one. */
  #lastOf(incarnation: IncarnationId): number {
    const { incarnations } = this.#disk.content.state;
    const found = incarnations.findLast((one) => one.incarnation === incarnation);
    return found?.last.sequence ?? this.#oracle.truth.syncedOf(incarnation)?.adds.length ?? 0;
  }
}
