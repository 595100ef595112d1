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
import { expect } from "./failure.ts";
import type { LedgerDisk } from "../../../src/store/memory_ledger.ts";
import type { Lineage } from "./lineage.ts";

/** The primary's clock is ahead of the world's by a part that does not add up to the last bit. */
const ROUNDING_MS = 0.001;

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
  readonly #nowMs: () => number;
  readonly generation: Id;
  /** As this life knows it: what it was told of its commits. */
  meta: LedgerMeta;
  #labelMs: number;
  /** Whether the newest commit has a decision. */
  #hasDecided = false;
  readonly #labelSteps = new Map<number, number>();
  readonly #members: Set<Id>;
  readonly #streams = new Map<number, StreamSeen>();
  readonly #named = new Map<Id, { readonly outboxId: Id; sequence: number }>();
  readonly #answeredMs = new Map<Id, number>();
  /** Which version each outbox truly showed, told by the LikesServers themselves. */
  readonly #shown = new Map<Id, number>();

  constructor(lineage: Lineage, snapshot: LedgerSnapshot, nowMs: () => number) {
    this.#lineage = lineage;
    this.#nowMs = nowMs;
    this.generation = snapshot.generation;
    this.meta = snapshot.meta;
    this.#labelMs = snapshot.meta.asOfMs;
    const members = snapshot.members.filter(({ state }) => state === "member");
    this.#members = new Set(members.map(({ outboxId }) => outboxId));
  }

  /** The step at which the pulse of a label was sent; `as_of` without members has none. */
  stepOf(labelMs: number, now: () => number): number {
    const known = this.#labelSteps.get(labelMs);
    if (known !== undefined) return known;
    const step = now();
    this.#labelSteps.set(labelMs, step);
    return step;
  }

  /** Nothing is sent that is not committed, and labels increase. */
  sent(streamId: number, message: FromPrimary, step: () => number): void {
    const { disk } = this.#lineage;
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
    if (labelMs > this.#labelMs) this.#labelSteps.set(labelMs, step());
    else expect(this.#labelSteps.has(labelMs), () => `label ${labelMs} is not new`);
    this.#labelMs = labelMs;
    expect(totalLikes === this.meta.totalLikes, () => `a pulse shows ${totalLikes}`);
    expect(asOfMs === this.meta.asOfMs, () => `a pulse shows as_of ${asOfMs}`);
    this.#checkConvergence(pulse.convergence);
    const seen = this.#stream(streamId);
    const silentMs = this.#nowMs() - seen.heardMs;
    expect(
      silentMs <= REPORT_WAIT_MAX_MS + ROUNDING_MS,
      () => `a stream is kept that is silent for ${silentMs} ms`,
    );
    expect(seen.pulses.at(-1)?.labelMs !== labelMs, () => `label ${labelMs} is sent twice`);
    seen.pulses.push({ labelMs, sentMs: this.#nowMs() });
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
    // An operator may have closed a gap in the same group, after the Hello was read.
    expect(
      isCurrent || this.#hasDecided,
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
    this.#answeredMs.set(outboxId, Math.max(this.#answeredMs.get(outboxId) ?? 0, sentMs));
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

  checkStatus(convergence: Convergence, everywhere: boolean): void {
    this.#checkConvergence(convergence);
    if (!everywhere) return;
    expect(convergence === "converged", () => `everywhere, and ${convergence}`);
    for (const outboxId of this.#members) {
      const shown = this.#shown.get(outboxId) ?? -1;
      const { totalVersion } = this.meta;
      expect(shown >= totalVersion, () => `everywhere, but ${outboxId} showed version ${shown}`);
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
