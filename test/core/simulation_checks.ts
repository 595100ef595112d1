/**
 * What must hold in a simulated world at every step. It knows what only somebody outside can know:
 * every like that was attempted, each one an item of its own, and when it was acknowledged.
 */
import type { LedgerMeta, LedgerSnapshot } from "../../src/core/ledger.ts";
import type { GroupResult, LedgerCommand } from "../../src/core/ledger_rule.ts";
import type { CountOutcome, GiveOutcome, TotalView } from "../../src/core/likes_server.ts";
import { MEMBER_SILENT_MS } from "../../src/limits.ts";
import type { FromLikesServer, FromPrimary } from "../../src/core/messages.ts";
import type { PrimaryNotice } from "../../src/core/primary.ts";
import type { Id } from "../../src/core/record.ts";
import type { Status } from "../../src/core/status.ts";
import type { LedgerDisk } from "../../src/store/memory_ledger.ts";
import type { OutboxDisk } from "../../src/store/memory_outbox.ts";
import { NOTHING_HAPPENED } from "./simulation_counts.ts";
import type { Agenda } from "./virtual_time.ts";

interface Gift {
  readonly likes: bigint;
  /** Which LikesServer was asked to take it. */
  readonly index: number;
  readonly itemId: string;
  /** When it was acknowledged, in steps; undefined before. */
  acceptedStep?: number;
  wasRefused?: boolean;
}

/** One life of a LikesServer, as it is looked at from outside. */
interface Observed {
  readonly disk: OutboxDisk;
  readonly isLeaving: boolean;
  readonly isPerhapsKnown: boolean;
}

/** The checks of one world; each throws at what must not be. */
export class SimulationChecks {
  readonly #agenda: Agenda;
  readonly #ledger: LedgerDisk;
  readonly #gifts = new Map<number, Gift>();
  readonly #byItem = new Map<string, Gift>();
  /** Acknowledged ones in order; those before `#settled` are known to be in the total. */
  readonly #accepted: Gift[] = [];
  #settled = 0;
  #attemptedLikes = 0n;
  #step = 0;
  readonly #appliedSequences = new Map<Id, number>();
  /** When this life of the primary made each label: another life may use it again. */
  #labelSteps = new Map<number, number>();
  #shown = { totalLikes: 0n, asOfMs: 0 };
  readonly #viewed = new WeakMap<Observed, bigint>();
  // What this life of the primary has seen.
  #meta: LedgerMeta | undefined;
  /** What a label may be at least: the newest one, which several streams get. */
  #labelMs = 0;
  #members = new Set<Id>();
  #named = new Map<Id, number>();
  #answeredMs = new Map<Id, number>();
  #outboxes = new Map<number, Id>();
  #pulses = new Map<number, Map<number, number>>();
  /** How often each thing happened, against tests that test nothing. */
  readonly counts = { ...NOTHING_HAPPENED };
  /** How often the primary started on a wall clock that was set back behind its own labels. */
  startsSetBack = 0;

  constructor(agenda: Agenda, ledger: LedgerDisk) {
    this.#agenda = agenda;
    this.#ledger = ledger;
  }

  fail(text: string): never {
    throw new Error(`at ${Math.round(this.#agenda.nowMs)} ms: ${text}`);
  }

  #expect(condition: boolean, text: () => string): void {
    if (!condition) this.fail(text());
  }

  // The giver.

  get attempts(): number {
    return this.#gifts.size;
  }

  /** The item of the attempt `requestId`; no other attempt is for it. */
  itemOf(requestId: number): string {
    return `gift-${requestId}`;
  }

  attempt(likes: bigint, index: number): { readonly requestId: number; readonly itemId: string } {
    const requestId = this.#gifts.size + 1;
    const gift = { likes, index, itemId: this.itemOf(requestId) };
    this.#gifts.set(requestId, gift);
    this.#byItem.set(gift.itemId, gift);
    this.#attemptedLikes += likes;
    return { requestId, itemId: gift.itemId };
  }

  answered(requestId: number, outcome: GiveOutcome): void {
    const gift = this.#gifts.get(requestId);
    if (gift === undefined || gift.acceptedStep !== undefined || gift.wasRefused) {
      return this.fail(`${requestId} is answered twice`);
    }
    if (outcome.type === "accepted") {
      this.counts.accepted++;
      gift.acceptedStep = ++this.#step;
      this.#accepted.push(gift);
      return;
    }
    this.counts.refused++;
    gift.wasRefused = true;
    this.#attemptedLikes -= gift.likes;
    this.#expect(!this.#ledger.items.has(gift.itemId), () => `${gift.itemId} was refused`);
  }

  // The primary.

  primaryStarted(snapshot: LedgerSnapshot, wallMs: number): void {
    if (wallMs <= snapshot.meta.asOfMs) this.startsSetBack++;
    this.#meta = snapshot.meta;
    this.#labelMs = snapshot.meta.asOfMs + 1;
    this.#labelSteps = new Map();
    this.#members = new Set(snapshot.members.map(({ outboxId }) => outboxId));
    this.#named = new Map();
    this.#answeredMs = new Map();
    this.#outboxes = new Map();
    this.#pulses = new Map();
  }

  /** The labels of `as_of` count from here when no pulse carried them. */
  asked(commands: readonly LedgerCommand[]): void {
    for (const command of commands) {
      if (command.type !== "advance" || this.#labelSteps.has(command.asOfMs)) continue;
      this.#labelSteps.set(command.asOfMs, ++this.#step);
    }
  }

  sent(streamId: number, message: FromPrimary): void {
    const pulse = message.type === "welcome" ? message.pulse : message;
    if (pulse.type === "ack") return;
    const { labelMs } = pulse;
    this.#expect(labelMs >= this.#labelMs, () => `label ${labelMs} follows ${this.#labelMs}`);
    this.#labelMs = labelMs;
    this.#labelSteps.set(labelMs, ++this.#step);
    const sent = this.#pulses.get(streamId) ?? new Map<number, number>();
    this.#expect(!sent.has(labelMs), () => `label ${labelMs} is sent twice`);
    this.#pulses.set(streamId, sent.set(labelMs, this.#agenda.nowMs));
  }

  received(streamId: number, message: FromLikesServer): void {
    if (message.type === "hello") {
      this.#outboxes.set(streamId, message.outboxId);
      return;
    }
    const { incarnation, lastSequence } = message;
    this.#named.set(incarnation, Math.max(this.#named.get(incarnation) ?? 0, lastSequence));
    const outboxId = this.#outboxes.get(streamId);
    if (message.type !== "report" || outboxId === undefined) return;
    const sentMs = this.#pulses.get(streamId)?.get(message.labelMs) ?? 0;
    this.#answeredMs.set(outboxId, Math.max(this.#answeredMs.get(outboxId) ?? 0, sentMs));
  }

  /** A group is on the disk; nobody may have seen it yet. */
  committed(group: GroupResult): void {
    const ledger = this.#ledger;
    this.counts.commits++;
    for (const result of group.results) {
      if (result.type !== "applied") continue;
      const { incarnation, firstSequence, events } = result.applied;
      const before = this.#appliedSequences.get(incarnation.incarnation) ?? 0;
      this.#expect(firstSequence === before + 1, () => `#${firstSequence} follows #${before}`);
      const last = before + events.length;
      this.#expect(incarnation.appliedSequence === last, () => `#${last} is not the last`);
      this.#appliedSequences.set(incarnation.incarnation, last);
      for (const { itemId } of events) this.#checkItem(itemId);
    }
    this.#expect(ledger.meta.totalLikes <= this.#attemptedLikes, () => "above what was attempted");
    this.#expect(ledger.troubles.size === 0, () => JSON.stringify([...ledger.troubles.values()]));
    this.#checkAsOf(ledger.meta.asOfMs);
  }

  #checkItem(itemId: string): void {
    this.counts.applied++;
    const gift = this.#byItem.get(itemId);
    const likes = this.#ledger.items.get(itemId);
    this.#expect(!gift?.wasRefused, () => `${itemId} was refused and is counted`);
    this.#expect(likes === gift?.likes, () => `${itemId} counts ${likes}, not ${gift?.likes}`);
  }

  #checkAsOf(asOfMs: number): void {
    const step = this.#labelSteps.get(asOfMs) ?? 0;
    for (; this.#settled < this.#accepted.length; this.#settled++) {
      const gift = this.#accepted[this.#settled];
      if (gift?.acceptedStep === undefined || gift.acceptedStep >= step) return;
      const isThere = this.#ledger.items.has(gift.itemId);
      this.#expect(isThere, () => `as_of ${asOfMs} claims ${gift.itemId}, which is not counted`);
    }
  }

  /** The primary learns of its commit. */
  commitSeen(group: GroupResult): void {
    this.#meta = group.meta;
    for (const { outboxId, state } of group.members) {
      if (state === "member") this.#members.add(outboxId);
      else if (this.#members.delete(outboxId)) this.counts.left++;
    }
  }

  primaryNotice(notice: PrimaryNotice): void {
    if (notice.type === "trouble") this.fail(JSON.stringify(notice.trouble));
  }

  shown(status: Status): void {
    const { totalLikes, asOfMs } = status;
    this.#expect(totalLikes === this.#meta?.totalLikes, () => "shows what is not committed");
    this.#expect(asOfMs === this.#meta?.asOfMs, () => "shows an as_of that is not committed");
    this.#expect(totalLikes >= this.#shown.totalLikes, () => "the total went back");
    this.#expect(asOfMs >= this.#shown.asOfMs, () => "as_of went back");
    this.#shown = { totalLikes, asOfMs };
    if (status.convergence !== "converged") return;
    this.counts.converged++;
    const { nowMs } = this.#agenda;
    for (const outboxId of this.#members) {
      const silentMs = nowMs - (this.#answeredMs.get(outboxId) ?? -Infinity);
      this.#expect(silentMs <= MEMBER_SILENT_MS, () => `converged, but silent for ${silentMs}`);
    }
    for (const [incarnation, named] of this.#named) {
      const applied = this.#appliedSequences.get(incarnation) ?? 0;
      this.#expect(applied >= named, () => `converged at #${applied}, but #${named} was named`);
    }
  }

  // The LikesServers.

  viewed(process: Observed, view: TotalView | undefined): void {
    if (view === undefined) return;
    const { totalLikes } = view.pulse;
    const before = this.#viewed.get(process) ?? 0n;
    const committed = this.#ledger.meta.totalLikes;
    this.#expect(totalLikes >= before, () => "a LikesServer's total went back");
    this.#expect(totalLikes <= committed, () => "a LikesServer shows what is not committed");
    this.#expect(view.pendingLikes >= 0n, () => `${view.pendingLikes} likes are pending`);
    const sum = totalLikes + view.pendingLikes;
    this.#expect(sum <= this.#attemptedLikes, () => "a LikesServer's sum is above the attempted");
    this.#viewed.set(process, totalLikes);
  }

  /** A count and the own likes that are not in it are together what was acknowledged here. */
  counted(index: number, outcome: CountOutcome): void {
    if (outcome.type === "refused") return;
    for (const { itemId, learnt } of outcome.counts) {
      const gift = this.#byItem.get(itemId);
      if (gift === undefined || learnt === undefined) continue;
      const { likes, pendingLikes } = learnt;
      const committed = this.#ledger.items.get(itemId) ?? 0n;
      this.#expect(likes <= committed, () => `${itemId} counts ${likes}, not committed`);
      if (pendingLikes === undefined) continue;
      this.counts.counted++;
      if (pendingLikes > 0n) this.counts.countedPending++;
      const own = gift.index === index ? gift.likes : 0n;
      const sum = likes + pendingLikes;
      this.#expect(
        pendingLikes <= own,
        () => `${itemId} has ${pendingLikes} own likes, not ${own}`,
      );
      this.#expect(sum <= gift.likes, () => `${itemId} is twice in ${likes} + ${pendingLikes}`);
      const isExact = gift.index !== index || gift.acceptedStep === undefined || sum === own;
      this.#expect(isExact, () => `${itemId} is in neither of ${likes} + ${pendingLikes}`);
    }
  }

  /** It said that all is delivered, and that it has left if that was asked for. */
  stopped(process: Observed): void {
    const { outboxId, incarnations } = process.disk.content.state;
    for (const { incarnation, last } of incarnations) {
      const applied = this.#appliedSequences.get(incarnation) ?? 0;
      this.#expect(applied === last.sequence, () => `stopped at #${last.sequence} of #${applied}`);
    }
    const isMember = this.#ledger.members.get(outboxId)?.state === "member";
    const isToBeGone = process.isLeaving && process.isPerhapsKnown;
    this.#expect(!isToBeGone || !isMember, () => "stopped without having left");
  }

  /** Every acknowledged like is counted, and everything that is counted is in an outbox. */
  finish(acceptedLikes: bigint): void {
    const { meta, items } = this.#ledger;
    this.#expect(meta.totalLikes === acceptedLikes, () => `${meta.totalLikes}: ${acceptedLikes}`);
    for (const gift of this.#gifts.values()) {
      const isThere = items.get(gift.itemId) === gift.likes;
      const isExpected = gift.acceptedStep !== undefined;
      this.#expect(isThere || !isExpected, () => `${gift.itemId} is lost`);
      this.#expect(!items.has(gift.itemId) || !gift.wasRefused, () => `${gift.itemId} refused`);
    }
  }
}
