/**
 * What one life of the primary has sent and received, as it was seen on the wire: from this alone it is
 * computed again what its labels, its CONVERGED and its everywhere may say (laws 4 and 5).
 */
import type { LedgerMeta, LedgerSnapshot } from "../../../src/core/ledger/ledger.ts";
import type { CommitResult } from "../../../src/core/ledger/apply_commands.ts";
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
} from "../../../src/core/protocol/messages.ts";
import type { Id } from "../../../src/core/protocol/ids.ts";
import type { ServerStatus, Status } from "../../../src/core/primary/status.ts";
import { expect } from "./failure.ts";
import type { Lineage } from "./lineage.ts";
import { ForeignServerCheck } from "./foreign_server_check.ts";
import { HighestReportedCheck } from "./named_check.ts";
import { ROUNDING_MS } from "./rounding.ts";

interface StreamSeen {
  outboxId: Id;
  incarnation: Id;
  /** When it was welcomed, and when it reported last. */
  heardMs: number;
  /** How long the primary was stopped since then. */
  stoppedMs: number;
  /** Pulses that were sent and not answered, oldest first. */
  readonly pulses: { readonly pulseMs: number; readonly sentMs: number }[];
}

/** One life of the primary. */
export class PrimaryWatch {
  readonly #lineage: Lineage;
  readonly #startedMs: number;
  readonly #nowMs: () => number;
  readonly generation: Id;
  /** As this life knows it: what it was told of its commits. */
  meta: LedgerMeta;
  #pulseMs: number;
  /** When the newest label was given. */
  #logicalMs = 0;
  /** Whether the newest commit has a decision. */
  #hasDecided = false;
  readonly #labelSteps = new Map<number, number>();
  readonly #members: Set<Id>;
  #hadMembers: boolean;
  readonly #streams = new Map<number, StreamSeen>();
  readonly #named: HighestReportedCheck;
  readonly #answeredMs = new Map<Id, number>();
  readonly #foreignServers: ForeignServerCheck;
  /** Whether its ledger was opened from a copy; whether all had answered once, and lacked nothing. */
  readonly #isCopy: boolean;
  #wasWhole = false;
  /** Which version each outbox truly showed, told by the LikesServers themselves. */
  readonly #shown = new Map<Id, number>();

  constructor(
    lineage: Lineage,
    snapshot: LedgerSnapshot,
    world: { nowMs(): number; isTwinned(outboxId: Id): boolean },
  ) {
    this.#lineage = lineage;
    this.#nowMs = () => world.nowMs();
    this.#startedMs = world.nowMs();
    this.#named = new HighestReportedCheck(lineage, (outboxId) => world.isTwinned(outboxId));
    this.#foreignServers = new ForeignServerCheck(snapshot.ledgerId);
    this.generation = snapshot.generation;
    this.meta = snapshot.meta;
    this.#pulseMs = snapshot.meta.asOfMs;
    const members = snapshot.members.filter(({ state }) => state === "member");
    this.#members = new Set(members.map(({ outboxId }) => outboxId));
    this.#hadMembers = this.#members.size > 0;
    this.#isCopy = snapshot.troubles.some(({ outboxId }) => outboxId === undefined);
  }

  /** The step at which the pulse of a label was sent; `as_of` without members has none. */
  stepOf(pulseMs: number): number {
    const known = this.#labelSteps.get(pulseMs);
    if (known !== undefined) return known;
    const step = this.#lineage.truth.nextStep();
    this.#labelSteps.set(pulseMs, step);
    return step;
  }

  /** It goes on after it was stopped by a signal for so long: it has not heard of anybody meanwhile. */
  resumed(stoppedMs: number): void {
    for (const stream of this.#streams.values()) stream.stoppedMs += stoppedMs;
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
    const { pulseMs, totalLikes, asOfMs } = pulse;
    expect(pulseMs >= this.#pulseMs, () => `label ${pulseMs} follows ${this.#pulseMs}`);
    const nowMs = this.#nowMs();
    if (pulseMs > this.#pulseMs) this.#labelSteps.set(pulseMs, truth.nextStep());
    else expect(this.#logicalMs === nowMs, () => `label ${pulseMs} is of two moments`);
    this.#pulseMs = pulseMs;
    this.#logicalMs = nowMs;
    expect(totalLikes === this.meta.totalLikes, () => `a pulse shows ${totalLikes}`);
    expect(asOfMs === this.meta.asOfMs, () => `a pulse shows as_of ${asOfMs}`);
    this.#checkConvergence(pulse.convergence);
    const seen = this.#stream(streamId);
    expect(seen.pulses.at(-1)?.pulseMs !== pulseMs, () => `label ${pulseMs} is sent twice`);
    seen.pulses.push({ pulseMs, sentMs: nowMs });
    expect(seen.pulses.length <= PULSES_UNANSWERED_MAX, () => "too many pulses are unanswered");
  }

  /** One stream delivers an incarnation: the newest that said Hello for it. */
  #welcomed(streamId: number, { appliedSequence, digest }: Welcome): void {
    const stream = this.#stream(streamId);
    stream.heardMs = this.#nowMs();
    stream.stoppedMs = 0;
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
      this.#foreignServers.came(message, this.#nowMs());
      stream.outboxId = message.outboxId;
      stream.incarnation = message.incarnation;
      return;
    }
    const { outboxId, pulses } = stream;
    this.#named.received(outboxId, message);
    if (message.type !== "report") return;
    const answered = pulses.findIndex(({ pulseMs }) => pulseMs === message.pulseMs);
    if (answered === -1) return; // it will be refused
    const sentMs = pulses[answered]?.sentMs ?? 0;
    pulses.splice(0, answered + 1);
    stream.heardMs = this.#nowMs();
    stream.stoppedMs = 0;
    const newestMs = this.#answeredMs.get(outboxId) ?? -Infinity;
    if (sentMs < newestMs) return;
    this.#answeredMs.set(outboxId, sentMs);
    this.#named.reported(outboxId, message);
    this.#lookWhetherWhole();
  }

  #lookWhetherWhole(): void {
    if (!this.#isCopy || this.#wasWhole) return;
    const members = [...this.#members];
    const haveAnswered = members.every((outboxId) => this.#answeredMs.has(outboxId));
    this.#wasWhole = haveAnswered && this.#named.lackOf(this.#members) === undefined;
  }

  closed(streamId: number): void {
    this.#streams.delete(streamId);
  }

  /** It learns of its commit. */
  commitSeen(group: CommitResult): void {
    this.meta = group.meta;
    this.#hasDecided = group.decisions.length > 0;
    for (const { outboxId, state } of group.members) {
      this.#hadMembers ||= state === "member";
      if (state === "member") this.#members.add(outboxId);
      else this.#members.delete(outboxId);
    }
    this.#lookWhetherWhole();
  }

  /** A LikesServer shows a pulse of this generation. */
  shows(outboxId: Id, version: number): void {
    if ((this.#shown.get(outboxId) ?? -1) < version) this.#shown.set(outboxId, version);
  }

  /** The primary has looked at the time: who is silent for long has no stream any more. */
  ticked(): void {
    for (const { heardMs, stoppedMs } of this.#streams.values()) {
      const silentMs = this.#nowMs() - heardMs - stoppedMs;
      const isKept = silentMs <= REPORT_WAIT_MAX_MS + ROUNDING_MS;
      expect(isKept, () => `a stream is kept that is silent for ${silentMs} ms`);
    }
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
    this.#foreignServers.check(status, this.#nowMs());
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
    // One that has answered may have left since.
    expect(this.#hadMembers, () => "nobody has answered, and a copy is called complete");
    for (const outboxId of this.#members) {
      const hasAnswered = this.#answeredMs.has(outboxId);
      expect(hasAnswered, () => `a copy is called complete, and ${outboxId} has not answered`);
    }
    expect(this.#wasWhole, () => "a copy is called complete, and never was nothing missing");
    for (const { outboxId, state } of this.#lineage.disk.members.values()) {
      const isBack = state !== "left" || this.#answeredMs.has(outboxId);
      expect(
        isBack,
        () => `a copy is called complete, and ${outboxId}, which had left, is not back`,
      );
    }
  }

  /**
   * UNKNOWN is all that is said while somebody is silent or there is trouble; CONVERGED is said only
   * when nothing that was named is missing.
   */
  #checkConvergence(convergence: Convergence): void {
    if (convergence === "unknown") return;
    const { disk } = this.#lineage;
    expect(disk.troubles.size === 0 || this.#isBehind, () => `${convergence} in trouble`);
    const nowMs = this.#nowMs();
    for (const outboxId of this.#members) {
      const silentMs = nowMs - (this.#answeredMs.get(outboxId) ?? -Infinity);
      const isHeard = silentMs <= MEMBER_SILENT_MS + ROUNDING_MS;
      expect(isHeard, () => `${convergence}, but ${outboxId} is silent`);
    }
    if (convergence === "converged") this.#named.check(this.#members);
  }

  /** Whether the disk has a commit of which this life was not told yet. */
  get #isBehind(): boolean {
    return this.#lineage.disk.meta.version > this.meta.version;
  }

  #stream(streamId: number): StreamSeen {
    let seen = this.#streams.get(streamId);
    if (seen === undefined) {
      seen = { outboxId: "", incarnation: "", heardMs: Infinity, stoppedMs: 0, pulses: [] };
      this.#streams.set(streamId, seen);
    }
    return seen;
  }
}
