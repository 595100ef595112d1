/**
 * Checks writes against the outbox before them: a record is removed only when acknowledged, not
 * before its time, and never before an older one; in the end it must go. What the outbox has seen
 * of a ledger only gets newer.
 */
import { recordDiskBytes } from "../../../src/store/outbox/disk_bytes.ts";
import type { Retention } from "../../../src/core/likes_server/likes_server.ts";
import type {
  IncarnationState,
  OutboxSnapshot,
  OutboxWrite,
} from "../../../src/core/likes_server/outbox.ts";
import type { IncarnationId } from "../../../src/core/protocol/ids.ts";
import type { LikeRecord } from "../../../src/core/protocol/record.ts";
import type { OutboxDisk } from "../../../src/store/outbox/memory_outbox.ts";
import { UNBOUNDED } from "../plan.ts";
import { expect } from "./failure.ts";
import { ROUNDING_MS } from "./rounding.ts";

/** Disks and ticks take time: how long expired records may stay. */
const REMOVAL_MS = 3_000;

/** From `atMs` on, the process knows that everything up to `upTo` is acknowledged. */
interface Receipt {
  readonly upTo: number;
  readonly atMs: number;
}

/** Checks the writes of one LikesServer process. */
export class OutboxCheck {
  readonly #disk: OutboxDisk;
  readonly #retain: Retention;
  /** By incarnation, in order: what the process was told, and what it wrote down. */
  #received = new Map<IncarnationId, Receipt[]>();
  #written = new Map<IncarnationId, Receipt[]>();
  /** The size of every record seen, by its last sequence. */
  readonly #recordBytes = new Map<IncarnationId, Map<number, number>>();

  constructor(disk: OutboxDisk, retain: Retention) {
    this.#disk = disk;
    this.#retain = retain;
  }

  /** A process opens the outbox. It does not know when events were acknowledged. */
  begun(nowMs: number): void {
    const { state, records } = this.#disk.content;
    for (const { incarnation, acknowledged, closed, last } of state.incarnations) {
      const upTo = closed ? last.sequence : acknowledged.sequence;
      this.acknowledged(incarnation, upTo, nowMs);
      note(this.#written, incarnation, { upTo, atMs: nowMs });
      for (const { record } of records.get(incarnation) ?? []) {
        this.#noteBytes(incarnation, record);
      }
    }
  }

  /** The process learns that the ledger has everything up to `upTo`. */
  acknowledged(incarnation: IncarnationId, upTo: number, atMs: number): void {
    note(this.#received, incarnation, { upTo, atMs });
  }

  /** `writes` are on the disk, which had `before`. */
  synced(before: OutboxSnapshot, writes: readonly OutboxWrite[], nowMs: number): void {
    for (const write of writes) {
      if (write.type === "append") {
        this.#noteBytes(write.incarnation, write.record);
      }
      if (write.type === "acknowledge") this.#receiptOf(write.incarnation, write.upTo);
      if (write.type === "trim") this.#checkAge(write.incarnation, write.upTo, nowMs);
      if (write.type === "begin_redelivery")
        [this.#received, this.#written] = [new Map(), new Map()];
      if (write.type === "close") {
        const closed = before.incarnations.find((one) => one.incarnation === write.incarnation);
        this.acknowledged(write.incarnation, closed?.last.sequence ?? 0, nowMs);
      }
    }
    const { state } = this.#disk.content;
    checkSeen(before, writes);
    const isRedelivered = writes.some(({ type }) => type === "begin_redelivery");
    if (writes.at(-1)?.type === "begin_redelivery") checkRedelivery(state);
    for (const one of state.incarnations) {
      this.#checkIncarnation(one, before, isRedelivered);
      note(this.#written, one.incarnation, { upTo: retainedEnd(one), atMs: nowMs });
    }
    if (writes.at(-1)?.type === "evict") this.#checkEvicted(before, writes);
    this.#checkBounds(state, writes.at(-1)?.type === "evict");
  }

  /** Checks that records are gone long after they expired. */
  checkAged(nowMs: number): void {
    const { state } = this.#disk.content;
    const knownMs = nowMs - this.#retain.ageMs - REMOVAL_MS;
    for (const { incarnation, trimmed } of state.incarnations) {
      const aged = this.#written.get(incarnation)?.findLast(({ atMs }) => atMs < knownMs);
      const isGone = aged === undefined || trimmed.sequence >= aged.upTo;
      expect(isGone, () => `#${aged?.upTo} of ${incarnation} is retained after it expired`);
    }
  }

  #noteBytes(incarnation: IncarnationId, { events, bytes }: LikeRecord): void {
    const known = this.#recordBytes.get(incarnation) ?? new Map<number, number>();
    this.#recordBytes.set(incarnation, known);
    known.set(events.last, recordDiskBytes(bytes.length));
  }

  /** Returns when the process first learned that everything up to `upTo` is acknowledged. */
  #receiptOf(incarnation: IncarnationId, upTo: number): Receipt {
    const receipt = this.#received.get(incarnation)?.find((one) => one.upTo >= upTo);
    const isKnown = receipt !== undefined || upTo === 0;
    expect(isKnown, () => `#${upTo} of ${incarnation} is marked acknowledged without an Ack`);
    return receipt ?? { upTo, atMs: -Infinity };
  }

  #checkAge(incarnation: IncarnationId, upTo: number, nowMs: number): void {
    const receipt = this.#receiptOf(incarnation, upTo);
    const ageMs = nowMs - receipt.atMs;
    const isOld = ageMs + ROUNDING_MS >= this.#retain.ageMs;
    expect(isOld, () => `#${upTo} of ${incarnation} is removed too early, after ${ageMs} ms`);
  }

  /** Checks that positions are in order and that the records are those between first and last. */
  #checkIncarnation(one: IncarnationState, before: OutboxSnapshot, isRedelivered: boolean): void {
    const { incarnation, trimmed, acknowledged, last } = one;
    const known = before.incarnations.find((other) => other.incarnation === incarnation);
    if (known === one) return;
    const isOrdered =
      trimmed.sequence <= acknowledged.sequence && acknowledged.sequence <= last.sequence;
    expect(
      isOrdered,
      () => `${incarnation}: trimmed #${trimmed.sequence}, acknowledged #${acknowledged.sequence}`,
    );
    const isBack = acknowledged.sequence < (known?.acknowledged.sequence ?? 0);
    expect(
      isRedelivered || !isBack,
      () => `the acknowledged position went back to #${acknowledged.sequence}`,
    );
    const stored = this.#disk.content.records.get(incarnation) ?? [];
    const [first, end] = [stored[0]?.record.events.first, stored.at(-1)?.record.events.last];
    const isContiguous = (first ?? last.sequence + 1) === trimmed.sequence + 1;
    expect(isContiguous && (end ?? last.sequence) === last.sequence, () => {
      return `${incarnation} has #${first}-${end} of #${trimmed.sequence + 1}-${last.sequence}`;
    });
  }

  /** Checks that the oldest records go first, and none too many. */
  #checkEvicted(before: OutboxSnapshot, writes: readonly OutboxWrite[]): void {
    if (writes.some(({ type }) => type === "trim")) return;
    const { state } = this.#disk.content;
    const { bytesMax, incarnationsMax = UNBOUNDED } = this.#retain;
    const removed = state.incarnations.filter(({ incarnation, trimmed }) => {
      const known = before.incarnations.find((one) => one.incarnation === incarnation);
      return trimmed.sequence > (known?.trimmed.sequence ?? 0);
    });
    const newest = removed.at(-1);
    if (newest !== undefined) {
      const older = state.incarnations.slice(0, state.incarnations.indexOf(newest));
      const kept = older.find((one) => one.trimmed.sequence < retainedEnd(one));
      expect(kept === undefined, () => `${newest.incarnation} is evicted before an older one`);
      const known = this.#recordBytes.get(newest.incarnation);
      const left = state.retainedBytes + (known?.get(newest.trimmed.sequence) ?? 0);
      expect(left > bytesMax, () => `a record too many is evicted for ${bytesMax} bytes`);
    }
    const ids = new Set(state.incarnations.map(({ incarnation }) => incarnation));
    const purged = before.incarnations.findLast(({ incarnation, last }) => {
      return !ids.has(incarnation) && last.sequence > 0;
    });
    if (purged === undefined) return;
    const kept = state.incarnations.filter((one) => one.closed && !isIdle(one)).length;
    expect(kept >= incarnationsMax, () => `one is purged while only ${kept} closed ones are kept`);
    const older = before.incarnations.slice(0, before.incarnations.indexOf(purged));
    const isOldest = older.every((one) => {
      return !one.closed || isIdle(one) || !ids.has(one.incarnation);
    });
    expect(isOldest, () => `${purged.incarnation} is purged before an older one`);
  }

  /** Checks that nothing goes too early and that no bound is exceeded. */
  #checkBounds({ retainedBytes, incarnations }: OutboxSnapshot, isEvicted: boolean): void {
    const { bytesMax, ageMs, incarnationsMax = UNBOUNDED } = this.#retain;
    if (bytesMax >= UNBOUNDED && ageMs >= UNBOUNDED) {
      const early = incarnations.find(({ trimmed }) => trimmed.sequence > 0);
      expect(early === undefined, () => `#${early?.trimmed.sequence} is removed without a need`);
    }
    if (!isEvicted) return;
    expect(retainedBytes <= bytesMax, () => `${retainedBytes} bytes are retained`);
    const closed = incarnations.filter((one) => one.closed);
    const idle = closed.filter(isIdle).length;
    const most = Math.max(idle, closed.length - idle);
    expect(most <= incarnationsMax, () => `${most} closed incarnations are kept`);
    const waiting = incarnations.slice(0, -1).filter((one) => {
      return isIdle(one) && !one.closed && one.parked === undefined;
    }).length;
    expect(waiting <= incarnationsMax + 1, () => `${waiting} idle incarnations wait`);
  }
}

/** Appends a receipt, unless a later sequence is known already. */
function note(
  known: Map<IncarnationId, Receipt[]>,
  incarnation: IncarnationId,
  receipt: Receipt,
): void {
  const before = known.get(incarnation) ?? [];
  known.set(incarnation, before);
  if (receipt.upTo > (before.at(-1)?.upTo ?? 0)) before.push(receipt);
}

/** Returns true when the incarnation never accepted a like. */
function isIdle({ last }: IncarnationState): boolean {
  return last.sequence === 0;
}

/** Returns the sequence up to which records are acknowledged and only retained. */
function retainedEnd({ closed, last, acknowledged }: IncarnationState): number {
  return closed ? last.sequence : acknowledged.sequence;
}

/** Checks that the seen version of a generation never decreases. */
function checkSeen({ seen: known }: OutboxSnapshot, writes: readonly OutboxWrite[]): void {
  for (const write of writes) {
    const seen = "seen" in write ? write.seen : undefined;
    if (seen === undefined) continue;
    const isOlder = seen.generation === known?.generation && seen.version < known.version;
    expect(!isOlder, () => `version ${seen.version} is seen after ${known?.version}`);
    known = seen;
  }
}

/** A ledger may have forgotten everything, so redelivery includes everything. */
function checkRedelivery({ incarnations }: OutboxSnapshot): void {
  for (const { incarnation, closed, parked, trimmed, acknowledged } of incarnations) {
    const isOpen = !closed && parked === undefined && acknowledged.sequence === trimmed.sequence;
    expect(isOpen, () => `${incarnation} is not redelivered`);
  }
}
