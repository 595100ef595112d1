/**
 * What writes may do to an outbox, held against what was there before them: nothing is removed that is
 * not acknowledged, or before its time, or while something older could be; and everything in the end.
 * What it has seen of a ledger only gets newer.
 */
import { recordDiskBytes } from "../../../src/store/outbox/disk_bytes.ts";
import type { Retention } from "../../../src/core/likes_server/likes_server.ts";
import type {
  IncarnationState,
  OutboxSnapshot,
  OutboxWrite,
} from "../../../src/core/likes_server/outbox.ts";
import type { Id } from "../../../src/core/protocol/ids.ts";
import type { OutboxDisk } from "../../../src/store/outbox/memory_outbox.ts";
import { PLENTY } from "../plan.ts";
import { expect } from "./failure.ts";
import { ROUNDING_MS } from "./rounding.ts";

/** Disks and ticks take their time: so long what has come of age may still be there. */
const REMOVAL_MS = 3_000;

/** From when on everything up to a sequence was acknowledged, as far as one process knows. */
interface Heard {
  readonly upTo: number;
  readonly atMs: number;
}

/** Looks at the writes of one life of a LikesServer. */
export class OutboxCheck {
  readonly #disk: OutboxDisk;
  readonly #retain: Retention;
  /** Of each incarnation in order: what the process heard, and what its disk has of that. */
  #heard = new Map<Id, Heard[]>();
  #written = new Map<Id, Heard[]>();
  /** Bytes of the records that were there once, by their last sequence. */
  readonly #recordBytes = new Map<Id, Map<number, number>>();

  constructor(disk: OutboxDisk, retain: Retention) {
    this.#disk = disk;
    this.#retain = retain;
  }

  /** A process begins on the outbox: it does not know how old what is acknowledged is. */
  begun(nowMs: number): void {
    const { state, records } = this.#disk.content;
    for (const { incarnation, acknowledged, closed, last } of state.incarnations) {
      const upTo = closed ? last.sequence : acknowledged.sequence;
      this.acknowledged(incarnation, upTo, nowMs);
      note(this.#written, incarnation, { upTo, atMs: nowMs });
      for (const { record } of records.get(incarnation) ?? []) {
        this.#noteBytes(incarnation, record.lastSequence, record.bytes);
      }
    }
  }

  /** It hears that everything up to `upTo` is in the ledger. */
  acknowledged(incarnation: Id, upTo: number, atMs: number): void {
    note(this.#heard, incarnation, { upTo, atMs });
  }

  /** `writes` are on the disk, on which `before` was. */
  synced(before: OutboxSnapshot, writes: readonly OutboxWrite[], nowMs: number): void {
    for (const write of writes) {
      if (write.type === "append") {
        this.#noteBytes(write.incarnation, write.record.lastSequence, write.record.bytes);
      }
      if (write.type === "acknowledge") this.#heardOf(write.incarnation, write.upTo);
      if (write.type === "trim") this.#checkAge(write.incarnation, write.upTo, nowMs);
      if (write.type === "begin_redelivery") [this.#heard, this.#written] = [new Map(), new Map()];
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

  /** Long after it was written down as acknowledged, everything that has come of age is gone. */
  checkAged(nowMs: number): void {
    const { state } = this.#disk.content;
    const knownMs = nowMs - this.#retain.ageMs - REMOVAL_MS;
    for (const { incarnation, trimmed } of state.incarnations) {
      const aged = this.#written.get(incarnation)?.findLast(({ atMs }) => atMs < knownMs);
      const isGone = aged === undefined || trimmed.sequence >= aged.upTo;
      expect(isGone, () => `#${aged?.upTo} of ${incarnation} is retained beyond its age`);
    }
  }

  #noteBytes(incarnation: Id, lastSequence: number, bytes: Uint8Array): void {
    const known = this.#recordBytes.get(incarnation) ?? new Map<number, number>();
    this.#recordBytes.set(incarnation, known);
    known.set(lastSequence, recordDiskBytes(bytes.length));
  }

  /** When it heard first that everything up to `upTo` is in the ledger: nobody else may say so. */
  #heardOf(incarnation: Id, upTo: number): Heard {
    const heard = this.#heard.get(incarnation)?.find((one) => one.upTo >= upTo);
    const isHeard = heard !== undefined || upTo === 0;
    expect(isHeard, () => `#${upTo} of ${incarnation} is called acknowledged, and nobody said so`);
    return heard ?? { upTo, atMs: -Infinity };
  }

  #checkAge(incarnation: Id, upTo: number, nowMs: number): void {
    const heard = this.#heardOf(incarnation, upTo);
    const ageMs = nowMs - heard.atMs;
    const isOld = ageMs + ROUNDING_MS >= this.#retain.ageMs;
    expect(isOld, () => `#${upTo} of ${incarnation} is removed after ${ageMs} ms`);
  }

  /** Positions are in their order, and the records are those between the first and the last. */
  #checkIncarnation(one: IncarnationState, before: OutboxSnapshot, isRedelivered: boolean): void {
    const { incarnation, trimmed, acknowledged, last } = one;
    const known = before.incarnations.find((other) => other.incarnation === incarnation);
    if (known === one) return;
    const isOrdered =
      trimmed.sequence <= acknowledged.sequence && acknowledged.sequence <= last.sequence;
    expect(isOrdered, () => `${incarnation}: ${trimmed.sequence}, ${acknowledged.sequence}`);
    const isBack = acknowledged.sequence < (known?.acknowledged.sequence ?? 0);
    expect(
      isRedelivered || !isBack,
      () => `#${acknowledged.sequence} was acknowledged, and more was`,
    );
    const held = this.#disk.content.records.get(incarnation) ?? [];
    const [first, end] = [held[0]?.record.firstSequence, held.at(-1)?.record.lastSequence];
    const isHeld = (first ?? last.sequence + 1) === trimmed.sequence + 1;
    expect(isHeld && (end ?? last.sequence) === last.sequence, () => {
      return `${incarnation} holds #${first} to #${end} of #${trimmed.sequence} to #${last.sequence}`;
    });
  }

  /** The oldest goes first, and no record more than has to. */
  #checkEvicted(before: OutboxSnapshot, writes: readonly OutboxWrite[]): void {
    if (writes.some(({ type }) => type === "trim")) return;
    const { state } = this.#disk.content;
    const { bytesMax, incarnationsMax = PLENTY } = this.#retain;
    const removed = state.incarnations.filter(({ incarnation, trimmed }) => {
      const known = before.incarnations.find((one) => one.incarnation === incarnation);
      return trimmed.sequence > (known?.trimmed.sequence ?? 0);
    });
    const newest = removed.at(-1);
    if (newest !== undefined) {
      const older = state.incarnations.slice(0, state.incarnations.indexOf(newest));
      const kept = older.find((one) => one.trimmed.sequence < retainedEnd(one));
      expect(kept === undefined, () => `what is older than ${newest.incarnation} is retained`);
      const known = this.#recordBytes.get(newest.incarnation);
      const left = state.retainedBytes + (known?.get(newest.trimmed.sequence) ?? 0);
      expect(left > bytesMax, () => `a record more is removed than ${bytesMax} bytes ask for`);
    }
    const ids = new Set(state.incarnations.map(({ incarnation }) => incarnation));
    const purged = before.incarnations.findLast(({ incarnation, last }) => {
      return !ids.has(incarnation) && last.sequence > 0;
    });
    if (purged === undefined) return;
    const kept = state.incarnations.filter((one) => one.closed && !isIdle(one)).length;
    expect(kept >= incarnationsMax, () => `${kept} closed incarnations are kept, and one is not`);
    const older = before.incarnations.slice(0, before.incarnations.indexOf(purged));
    const isOldest = older.every((one) => {
      return !one.closed || isIdle(one) || !ids.has(one.incarnation);
    });
    expect(isOldest, () => `${purged.incarnation} is forgotten before an older one`);
  }

  /** Nothing goes before it has to, and what has to go goes. */
  #checkBounds({ retainedBytes, incarnations }: OutboxSnapshot, isEvicted: boolean): void {
    const { bytesMax, ageMs, incarnationsMax = PLENTY } = this.#retain;
    if (bytesMax >= PLENTY && ageMs >= PLENTY) {
      const early = incarnations.find(({ trimmed }) => trimmed.sequence > 0);
      expect(early === undefined, () => `#${early?.trimmed.sequence} is removed too early`);
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

/** Adds to what is known of an incarnation, unless that says no more. */
function note(known: Map<Id, Heard[]>, incarnation: Id, heard: Heard): void {
  const before = known.get(incarnation) ?? [];
  known.set(incarnation, before);
  if (heard.upTo > (before.at(-1)?.upTo ?? 0)) before.push(heard);
}

/** Whether nothing was ever accepted in it. */
function isIdle({ last }: IncarnationState): boolean {
  return last.sequence === 0;
}

/** Up to where an incarnation is only retained. */
function retainedEnd({ closed, last, acknowledged }: IncarnationState): number {
  return closed ? last.sequence : acknowledged.sequence;
}

/** Of one generation of the ledger, what is seen gets only newer, from one write to the next. */
function checkSeen({ seen: known }: OutboxSnapshot, writes: readonly OutboxWrite[]): void {
  for (const write of writes) {
    const seen = "seen" in write ? write.seen : undefined;
    if (seen === undefined) continue;
    const isOlder = seen.generation === known?.generation && seen.version < known.version;
    expect(!isOlder, () => `version ${seen.version} is seen after ${known?.version}`);
    known = seen;
  }
}

/** A ledger may have forgotten everything: everything is to be delivered again. */
function checkRedelivery({ incarnations }: OutboxSnapshot): void {
  for (const { incarnation, closed, parked, trimmed, acknowledged } of incarnations) {
    const isOpen = !closed && parked === undefined && acknowledged.sequence === trimmed.sequence;
    expect(isOpen, () => `${incarnation} is not delivered again`);
  }
}
