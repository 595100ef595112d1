/**
 * What the ledger must hold, computed from the commits: the applied sequence of each incarnation,
 * the total, and what an operator gave up. A restored ledger continues from the lineage of its
 * copy.
 */
import type { LedgerCommand } from "../../../src/core/ledger/ledger_command.ts";
import type { CommitResult } from "../../../src/core/ledger/apply_commands.ts";
import type { IncarnationId, OutboxId, PersonId } from "../../../src/core/protocol/ids.ts";
import type { LedgerDisk } from "../../../src/store/ledger/memory_ledger.ts";
import type { AppliedBatch } from "../../../src/core/ledger/ledger_command.ts";
import { UNSET, registerKey } from "../../../src/core/protocol/register.ts";
import type { RegisterKey, RegisterState } from "../../../src/core/protocol/register.ts";
import type { EventRange } from "../../../src/core/protocol/record.ts";
import { expect } from "./failure.ts";
import { LedgerModel } from "./ledger_model.ts";
import { PAST_ITEM } from "./truth.ts";
import type { Add, Truth } from "./truth.ts";

/** Likes as of a version. */
interface Version {
  readonly version: number;
  readonly likes: bigint;
}

/** A state of a register, and the version that set it. */
interface RegisterVersion {
  readonly version: number;
  readonly state: RegisterState;
}

/** Returns the likes as of `version`, given all changes in order. */
function likesAt(versions: readonly Version[], version: number): bigint {
  return versions.findLast((one) => one.version <= version)?.likes ?? 0n;
}

/** One history of a ledger. */
export class Lineage {
  readonly truth: Truth;
  readonly disk: LedgerDisk;
  readonly #applied = new Map<IncarnationId, number>();
  /** The number of applied events. */
  counted = 0;
  readonly #model: LedgerModel;
  /** The total, and the likes of each item, after each commit that changed them. */
  readonly #totals: Version[] = [];
  readonly #itemLikes = new Map<string, Version[]>();
  /** The states of each register, with the version that set them. */
  readonly #states = new Map<RegisterKey, RegisterVersion[]>();
  /** Gaps that an operator closed. */
  readonly #givenUp: { readonly incarnation: IncarnationId; readonly events: EventRange }[] = [];
  readonly #members = new Map<OutboxId, { readonly events: number; readonly likes: bigint }>();
  #totalLikes: bigint;
  /** The committed `as_of`, and the step at which its pulse was sent. */
  asOfMs = 0;
  asOfStep = 0;
  /** Whether it was ever restored from a copy: then outboxes may know more than it does. */
  isRestored = false;
  /** Whether the copy of the last restore was marked as one. */
  isMarked = false;
  /** Outboxes that had left when that copy was made and have not returned since. */
  #leftInCopy = new Set<OutboxId>();
  /** Whether it belongs to a foreign ledger that replaces the true one: it must count nothing. */
  isForeign = false;

  constructor(truth: Truth, disk: LedgerDisk, model = new LedgerModel()) {
    this.truth = truth;
    this.disk = disk;
    this.#model = model;
    this.#totals.push({ version: disk.meta.version, likes: disk.meta.totalLikes });
    this.#totalLikes = disk.meta.totalLikes;
  }

  /** Copies this history for `disk`, a copy of the ledger as it is now. */
  fork(disk: LedgerDisk): Lineage {
    const copy = new Lineage(this.truth, disk, this.#model.fork());
    for (const [incarnation, sequence] of this.#applied) copy.#applied.set(incarnation, sequence);
    copy.counted = this.counted;
    copy.#totals.unshift(...this.#totals);
    for (const [itemId, versions] of this.#itemLikes) copy.#itemLikes.set(itemId, [...versions]);
    for (const [register, states] of this.#states) copy.#states.set(register, [...states]);
    copy.#givenUp.push(...this.#givenUp);
    for (const [outboxId, applied] of this.#members) copy.#members.set(outboxId, applied);
    copy.#totalLikes = this.#totalLikes;
    copy.asOfMs = this.asOfMs;
    copy.asOfStep = this.asOfStep;
    copy.isRestored = this.isRestored;
    copy.isMarked = this.isMarked;
    copy.#leftInCopy = new Set(this.#leftInCopy);
    return copy;
  }

  /** The ledger was restored from a copy. */
  restored(): void {
    this.isRestored = true;
    this.isMarked = this.disk.copiedMs !== undefined;
    for (const { outboxId, state } of this.disk.members.values()) {
      if (state === "left") this.#leftInCopy.add(outboxId);
    }
  }

  /**
   * Returns true when an outbox had left before the ledger's copy was made and has not returned.
   */
  hadLeft(outboxId: OutboxId): boolean {
    return this.#leftInCopy.has(outboxId);
  }

  isCounted(add: Add): boolean {
    const { syncedIn, sequence } = add;
    const applied = syncedIn === undefined ? 0 : this.appliedOf(syncedIn.incarnation);
    return sequence <= applied && syncedIn !== undefined && !this.isGivenUp(add);
  }

  isGivenUp(add: Add): boolean {
    const { syncedIn, sequence } = add;
    return this.#givenUp.some(({ incarnation, events }) => {
      const isWithin = events.first <= sequence && sequence <= events.last;
      return isWithin && incarnation === syncedIn?.incarnation;
    });
  }

  /** Returns the total of a version. */
  totalAt(version: number): bigint {
    return likesAt(this.#totals, version);
  }

  /** Returns the likes of an item in a version. */
  likesAt(itemId: string, version: number): bigint {
    return likesAt(this.#itemLikes.get(itemId) ?? [], version);
  }

  /** Returns the state of a register in a version. */
  registerAt(register: RegisterKey, version: number): RegisterState {
    const states = this.#states.get(register) ?? [];
    return states.findLast((one) => one.version <= version)?.state ?? UNSET;
  }

  appliedOf(incarnation: IncarnationId): number {
    return this.#applied.get(incarnation) ?? 0;
  }

  /** A commit is on the disk: it must apply exactly the next synced events of each incarnation. */
  committed(group: CommitResult, commands: readonly LedgerCommand[] = []): void {
    const { meta } = this.disk;
    const touched = new Set<string>();
    for (const command of commands) {
      if (command.type !== "forget") continue;
      for (const itemId of this.#model.itemsOf(command.person)) touched.add(itemId);
      this.#noteForgotten(command.person);
      this.#totalLikes += this.#model.forget(command).gained;
    }
    for (const result of group.results) {
      if (result.type === "applied") this.#applyBatch(result.applied, touched);
    }
    for (const itemId of touched) {
      this.#model.check(this.disk, itemId);
      const versions = this.#itemLikes.get(itemId) ?? [];
      this.#itemLikes.set(itemId, versions);
      versions.push({ version: meta.version, likes: this.#model.likesOf(itemId) });
    }
    for (const { outboxId, state } of group.members) {
      if (state === "member") this.#leftInCopy.delete(outboxId);
    }
    this.#decided(group);
    const isExact = meta.totalLikes === this.#totalLikes;
    expect(isExact, () => `the total is ${meta.totalLikes}, not ${this.#totalLikes}`);
    this.#totals.push({ version: meta.version, likes: this.#totalLikes });
    const { attemptedLikes } = this.truth;
    expect(!this.isForeign || this.#members.size === 0, () => "a foreign ledger counts likes");
    expect(
      meta.totalLikes <= attemptedLikes,
      () => `${meta.totalLikes} is more than was attempted`,
    );
  }

  #applyBatch({ incarnation, events, outcomes }: AppliedBatch, touched: Set<string>): void {
    const id = incarnation.incarnation;
    const before = this.appliedOf(id);
    expect(events.first === before + 1, () => `#${events.first} follows #${before} of ${id}`);
    const last = before + outcomes.length;
    expect(
      incarnation.appliedSequence === last,
      () => `the ledger does not have ${id} at #${last}`,
    );
    this.#applied.set(id, last);
    const synced = this.truth.syncedOf(id);
    const member = { ...(this.#members.get(incarnation.outboxId) ?? { events: 0, likes: 0n }) };
    for (const [index, event] of outcomes.entries()) {
      const add = synced?.adds[before + index];
      expect(add?.itemId === event.itemId, () => `${event.itemId} was not synced at this sequence`);
      this.counted++;
      if (add.change.kind === "forget") {
        for (const itemId of this.#model.itemsOf(add.change.person)) touched.add(itemId);
        this.#noteForgotten(add.change.person);
      }
      const { gained, outcome } = this.#model.apply(add);
      const isSame = event.gained === gained && event.outcome === outcome;
      expect(isSame, () => {
        return `${add.itemId} gets ${event.gained} (${event.outcome}), not ${gained} (${outcome})`;
      });
      if (add.itemId !== "") touched.add(add.itemId);
      if (outcome === "counted") this.#noteState(add);
      expect(!add.isRefused, () => `${add.itemId} was refused but is counted`);
      this.#totalLikes += gained;
      member.events++;
      if (add.change.kind === "add") member.likes += gained;
    }
    this.#members.set(incarnation.outboxId, member);
  }

  /** An opening may know from the list of forgotten persons what this history lacks. */
  opened(): void {
    for (const [person, withdraw] of this.disk.forgotten) {
      if (this.#model.forgotten.has(person)) continue;
      const items = this.#model.itemsOf(person);
      expect(items.length === 0, () => `${person} is forgotten, and has registers`);
      this.#model.forget({ person, withdraw });
    }
  }

  isForgotten(person: PersonId): boolean {
    return this.#model.forgotten.has(person);
  }

  #noteForgotten(person: PersonId): void {
    for (const itemId of this.#model.itemsOf(person)) {
      const register = registerKey(person, itemId);
      this.#states.get(register)?.push({ version: this.disk.meta.version, state: UNSET });
    }
  }

  #noteState({ itemId, change }: Add): void {
    if (change.kind !== "set") return;
    const register = registerKey(change.person, itemId);
    const states = this.#states.get(register) ?? [];
    this.#states.set(register, states);
    states.push({ version: this.disk.meta.version, state: change.state });
  }

  /** An operator closed gaps: their likes do not count, and counting continues after them. */
  #decided({ decisions }: CommitResult): void {
    for (const { incarnation, givenUp } of decisions) {
      if (givenUp === undefined) continue;
      const { first, last } = givenUp;
      expect(incarnation !== undefined, () => `#${first} is given up without an incarnation`);
      const before = this.appliedOf(incarnation);
      const isGap = first === before + 1 && last >= first;
      expect(isGap, () => `a gap from #${first} to #${last} is closed after #${before}`);
      this.#applied.set(incarnation, last);
      this.#givenUp.push({ incarnation, events: givenUp });
    }
  }

  /** Checks every row of the ledger aoutcomest what was applied. */
  finish(): void {
    const { items, members, incarnations, meta } = this.disk;
    let sum = 0n;
    for (const likes of items.values()) sum += likes;
    expect(sum === meta.totalLikes, () => `items have ${sum}, the total is ${meta.totalLikes}`);
    const counted = items.size - (items.has(PAST_ITEM) ? 1 : 0);
    expect(
      counted === this.#model.items,
      () => `${counted} items are counted, not ${this.#model.items}`,
    );
    this.#model.checkEnd(this.disk);
    for (const [outboxId, { appliedEvents, appliedLikes }] of members) {
      const { events, likes } = this.#members.get(outboxId) ?? { events: 0, likes: 0n };
      expect(appliedLikes === likes, () => `${outboxId} has ${appliedLikes}, not ${likes}`);
      expect(appliedEvents === events, () => `${outboxId} has ${appliedEvents}, not ${events}`);
    }
    for (const [incarnation, { appliedSequence }] of incarnations) {
      const applied = this.appliedOf(incarnation);
      expect(
        appliedSequence === applied,
        () => `${incarnation} is at #${appliedSequence}, not #${applied}`,
      );
    }
  }
}
