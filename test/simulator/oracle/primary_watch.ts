/**
 * What one life of the primary has sent and received, as it was seen on the wire: from this alone it is
 * computed again what its labels, its CONVERGED and its everywhere may say (laws 4 and 5).
 */
import type { LedgerMeta, LedgerSnapshot } from "../../../src/core/ledger.ts";
import type { GroupResult } from "../../../src/core/ledger_rule.ts";
import {
  MEMBER_SILENT_MS,
  PULSES_UNANSWERED_MAX,
  REPORT_WAIT_MAX_MS,
} from "../../../src/limits.ts";
import type {
  Convergence,
  FromLikesServer,
  FromPrimary,
  Welcome,
} from "../../../src/core/messages.ts";
import type { Id } from "../../../src/core/record.ts";
import type { ServerStatus, Status } from "../../../src/core/status.ts";
import { expect } from "./failure.ts";
import type { LedgerDisk } from "../../../src/store/memory_ledger.ts";
import type { Lineage } from "./lineage.ts";
import { MisdirectedCheck } from "./misdirected_check.ts";
import { ROUNDING_MS } from "./rounding.ts";

interface StreamSeen {
  outboxId: Id;
  incarnation: Id;
  /** When it was welcomed, and when it reported last. */
  heardMs: number;
  /** Pulses that were sent and not answered, oldest first. */
  readonly pulses: { readonly labelMs: number; readonly sentMs: number }[];
}

/** One life of the primary. */
export class PrimaryWatch {
  readonly #lineage: Lineage;
  readonly #startedMs: number;
  readonly #nowMs: () => number;
  readonly generation: Id;
  /** As this life knows it: what it was told of its commits. */
  meta: LedgerMeta;
  #labelMs: number;
  #resumedMs = -Infinity;
  /** When the newest label was given. */
  #labelledMs = 0;
  /** Whether the newest commit has a decision. */
  #hasDecided = false;
  readonly #labelSteps = new Map<number, number>();
  readonly #members: Set<Id>;
  readonly #streams = new Map<number, StreamSeen>();
  readonly #named = new Map<Id, { readonly outboxId: Id; sequence: number }>();
  readonly #answeredMs = new Map<Id, number>();
  readonly #misdirected: MisdirectedCheck;
  /** Events of other incarnations than the one that it delivers, as an outbox said last. */
  readonly #otherPending = new Map<Id, number>();
  /** Which version each outbox truly showed, told by the LikesServers themselves. */
  readonly #shown = new Map<Id, number>();

  constructor(lineage: Lineage, snapshot: LedgerSnapshot, nowMs: () => number) {
    this.#lineage = lineage;
    this.#nowMs = nowMs;
    this.#startedMs = nowMs();
    this.#misdirected = new MisdirectedCheck(snapshot.ledgerId);
    this.generation = snapshot.generation;
    this.meta = snapshot.meta;
    this.#labelMs = snapshot.meta.asOfMs;
    const members = snapshot.members.filter(({ state }) => state === "member");
    this.#members = new Set(members.map(({ outboxId }) => outboxId));
  }

  /** The step at which the pulse of a label was sent; `as_of` without members has none. */
  stepOf(labelMs: number): number {
    const known = this.#labelSteps.get(labelMs);
    if (known !== undefined) return known;
    const step = this.#lineage.truth.nextStep();
    this.#labelSteps.set(labelMs, step);
    return step;
  }

  /** It goes on after it was stopped by a signal: it has not looked at the time meanwhile. */
  resumed(): void {
    this.#resumedMs = this.#nowMs();
  }

  /** Nothing is sent that is not committed, and labels increase. */
  sent(streamId: number, message: FromPrimary): void {
    const { disk, truth } = this.#lineage;
    if (message.type === "ack") {
      const applied = disk.incarnations.get(message.incarnation)?.appliedSequence ?? 0;
      const isDurable = message.appliedSequence <= applied && message.version <= disk.meta.version;
      expect(isDurable, () => `acknowledges #${message.appliedSequence}, #${applied} is applied`);
      return;
    }
    const pulse = message.type === "welcome" ? message.pulse : message;
    if (message.type === "welcome") {
      expect(message.generation === this.generation, () => "a Welcome of another generation");
      this.#welcomed(streamId, message);
    }
    const { labelMs, totalLikes, asOfMs } = pulse;
    expect(labelMs >= this.#labelMs, () => `label ${labelMs} follows ${this.#labelMs}`);
    const nowMs = this.#nowMs();
    if (labelMs > this.#labelMs) this.#labelSteps.set(labelMs, truth.nextStep());
    else expect(this.#labelledMs === nowMs, () => `label ${labelMs} is of two moments`);
    this.#labelMs = labelMs;
    this.#labelledMs = nowMs;
    expect(totalLikes === this.meta.totalLikes, () => `a pulse shows ${totalLikes}`);
    expect(asOfMs === this.meta.asOfMs, () => `a pulse shows as_of ${asOfMs}`);
    this.#checkConvergence(pulse.convergence);
    const seen = this.#stream(streamId);
    const silentMs = nowMs - Math.max(seen.heardMs, this.#resumedMs);
    expect(
      silentMs <= REPORT_WAIT_MAX_MS + ROUNDING_MS,
      () => `a stream is kept that is silent for ${silentMs} ms`,
    );
    expect(seen.pulses.at(-1)?.labelMs !== labelMs, () => `label ${labelMs} is sent twice`);
    seen.pulses.push({ labelMs, sentMs: nowMs });
    expect(seen.pulses.length <= PULSES_UNANSWERED_MAX, () => "too many pulses are unanswered");
  }

  /** One stream delivers an incarnation: the newest that said Hello for it. */
  #welcomed(streamId: number, { appliedSequence, digest }: Welcome): void {
    const stream = this.#stream(streamId);
    stream.heardMs = this.#nowMs();
    const row = this.#lineage.disk.incarnations.get(stream.incarnation) ?? {
      appliedSequence: 0,
      digest: stream.incarnation,
    };
    const isCurrent = appliedSequence === row.appliedSequence && digest === row.digest;
    const { generations } = this.#lineage.disk;
    const isSuperseded = generations.at(-1)?.generation !== this.generation;
    // An operator may have closed a gap in the same group, after the Hello was read.
    expect(
      isCurrent || this.#hasDecided || (isSuperseded && appliedSequence <= row.appliedSequence),
      () => `welcomes at #${appliedSequence}, #${row.appliedSequence} is applied`,
    );
    for (const [id, { incarnation }] of this.#streams) {
      const isOther = id !== streamId && incarnation === stream.incarnation;
      expect(!isOther, () => `two streams deliver ${incarnation}`);
    }
  }

  received(streamId: number, message: FromLikesServer): void {
    const stream = this.#stream(streamId);
    if (message.type === "hello") {
      this.#misdirected.came(message, this.#nowMs());
      stream.outboxId = message.outboxId;
      stream.incarnation = message.incarnation;
      return;
    }
    const { outboxId, pulses } = stream;
    const { incarnation, lastSequence } = message;
    const named = this.#named.get(incarnation);
    if (named === undefined) this.#named.set(incarnation, { outboxId, sequence: lastSequence });
    else named.sequence = Math.max(named.sequence, lastSequence);
    if (message.type !== "report") return;
    const answered = pulses.findIndex(({ labelMs }) => labelMs === message.labelMs);
    if (answered === -1) return; // it will be refused
    const sentMs = pulses[answered]?.sentMs ?? 0;
    pulses.splice(0, answered + 1);
    stream.heardMs = this.#nowMs();
    const newestMs = this.#answeredMs.get(outboxId) ?? -Infinity;
    if (sentMs < newestMs) return;
    this.#answeredMs.set(outboxId, sentMs);
    this.#otherPending.set(outboxId, message.otherPendingEvents);
  }

  closed(streamId: number): void {
    this.#streams.delete(streamId);
  }

  /** It learns of its commit. */
  commitSeen(group: GroupResult): void {
    this.meta = group.meta;
    this.#hasDecided = group.decisions.length > 0;
    for (const { outboxId, state } of group.members) {
      if (state === "member") this.#members.add(outboxId);
      else this.#members.delete(outboxId);
    }
  }

  /** A LikesServer shows a pulse of this generation. */
  shows(outboxId: Id, version: number): void {
    if ((this.#shown.get(outboxId) ?? -1) < version) this.#shown.set(outboxId, version);
  }

  /** Whether a stream has not left so many pulses unanswered that it gets no more. */
  takesPulse(streamId: number): boolean {
    return this.#stream(streamId).pulses.length < PULSES_UNANSWERED_MAX;
  }

  /** Incarnations of which somebody has answered lately, and the outbox of each. */
  streaming(): Map<Id, Id> {
    const sinceMs = this.#nowMs() - MEMBER_SILENT_MS + ROUNDING_MS;
    const live = [...this.#streams.values()].filter(({ heardMs }) => {
      return heardMs >= sinceMs && heardMs < Infinity;
    });
    return new Map(live.map(({ incarnation, outboxId }) => [incarnation, outboxId]));
  }

  /** A member is about to be retired: what is under way on its streams must not undo that. */
  retires(outboxId: Id): void {
    const isOpen = [...this.#streams.values()].some((stream) => stream.outboxId === outboxId);
    expect(!isOpen, () => `a stream of ${outboxId} is open, which is to be retired`);
  }

  checkStatus(status: Status): void {
    const { convergence, everywhere, servers } = status;
    this.#checkConvergence(convergence);
    this.#misdirected.check(status, this.#nowMs());
    for (const server of servers) this.#checkServer(server);
    if (!everywhere) return;
    expect(convergence === "converged", () => `everywhere, and ${convergence}`);
    for (const outboxId of this.#members) {
      const shown = this.#shown.get(outboxId) ?? -1;
      const { totalVersion } = this.meta;
      expect(shown >= totalVersion, () => `everywhere, but ${outboxId} showed version ${shown}`);
    }
  }

  /** Nobody is told that a member has answered later than it has. */
  #checkServer({ outboxId, silentForMs }: ServerStatus): void {
    const sinceMs = this.#answeredMs.get(outboxId) ?? -Infinity;
    const silentMs = this.#nowMs() - Math.max(sinceMs, this.#startedMs);
    const isTold = silentForMs + 1 + ROUNDING_MS >= silentMs;
    expect(isTold, () => `${outboxId} is silent for ${silentMs} ms, not ${silentForMs}`);
  }

  /** As soon as a ledger that was opened from a copy is called complete. */
  checkAnswered(): void {
    expect(this.#members.size > 0, () => "nobody has answered, and a copy is called complete");
    for (const outboxId of this.#members) {
      const hasAnswered = this.#answeredMs.has(outboxId);
      expect(hasAnswered, () => `a copy is called complete, and ${outboxId} has not answered`);
    }
  }

  /**
   * CONVERGED is said only when nobody is silent, nothing that was named is missing, and no trouble
   * is.
   */
  #checkConvergence(convergence: Convergence): void {
    if (convergence !== "converged") return;
    const { disk } = this.#lineage;
    expect(disk.troubles.size === 0 || this.#isBehind, () => "converged in trouble");
    const nowMs = this.#nowMs();
    for (const outboxId of this.#members) {
      const silentMs = nowMs - (this.#answeredMs.get(outboxId) ?? -Infinity);
      expect(
        silentMs <= MEMBER_SILENT_MS + ROUNDING_MS,
        () => `converged, but ${outboxId} is silent`,
      );
      const others = this.#otherPending.get(outboxId) ?? 0;
      const isWhole = others === 0 || this.isTwinned(outboxId);
      expect(isWhole, () => `converged, but ${outboxId} has ${others} of other lives`);
    }
    for (const [incarnation, { sequence, outboxId }] of this.#named) {
      const applied = this.#lineage.appliedOf(incarnation);
      if (applied >= sequence || !this.#members.has(outboxId)) continue;
      if (disk.incarnations.get(incarnation)?.state === "retired") continue;
      if (isRolledBack(incarnation, disk) || this.#isLost(incarnation, applied, sequence)) continue;
      // Of two live copies the newest contact counts, until their trouble is known.
      expect(this.isTwinned(outboxId), () => {
        return `converged at #${applied} of ${incarnation}, but #${sequence} was named`;
      });
    }
  }

  /** Whether a disk forgot what it had named: that is seen once it has said what it has left. */
  #isLost(incarnation: Id, applied: number, named: number): boolean {
    const gifts = this.#lineage.truth.lifeOf(incarnation)?.gifts ?? [];
    return gifts.slice(applied, named).every(({ isLost }) => isLost);
  }

  /** Whether the disk has a commit of which this life was not told yet. */
  get #isBehind(): boolean {
    return this.#lineage.disk.meta.version > this.meta.version;
  }

  /** Set by the oracle. */
  isTwinned: (outboxId: Id) => boolean = () => false;

  #stream(streamId: number): StreamSeen {
    let seen = this.#streams.get(streamId);
    if (seen === undefined) {
      seen = { outboxId: "", incarnation: "", heardMs: Infinity, pulses: [] };
      this.#streams.set(streamId, seen);
    }
    return seen;
  }
}

/** Whether an operator knows that an outbox forgot events of it. */
function isRolledBack(incarnation: Id, { decidedTroubles }: LedgerDisk): boolean {
  return [...decidedTroubles.values()].some((one) => {
    return one.kind === "outbox_rolled_back" && one.incarnation === incarnation;
  });
}
