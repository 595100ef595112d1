/**
 * What one process of the primary sent and received on the wire. From this alone the watch
 * recomputes what its pulse times, CONVERGED and everywhere may claim (laws 4 and 5).
 */
import type { LedgerSnapshot } from "../../../src/core/ledger/ledger.ts";
import type { LedgerMeta } from "../../../src/core/ledger/rows.ts";
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
  Hello,
  Welcome,
} from "../../../src/core/protocol/messages.ts";
import type { GenerationId, IncarnationId, OutboxId } from "../../../src/core/protocol/ids.ts";
import { firstDigest } from "../../../src/core/protocol/record.ts";
import type { ServerStatus, Status } from "../../../src/core/primary/status.ts";
import { expect } from "./failure.ts";
import type { Lineage } from "./lineage.ts";
import { ForeignServerCheck } from "./foreign_server_check.ts";
import { HighestReportedCheck } from "./highest_reported_check.ts";
import { ROUNDING_MS } from "./rounding.ts";

interface StreamSeen {
  /** What its Hello names; undefined before it. */
  hello: Pick<Hello, "outboxId" | "incarnation"> | undefined;
  /** When it was welcomed or last reported. */
  lastHeardMs: number;
  /** How long the primary was paused since then. */
  stoppedMs: number;
  /** Unanswered pulses, oldest first. */
  readonly pulses: { readonly pulseMs: number; readonly sentMs: number }[];
}

/** One process of the primary. */
export class PrimaryWatch {
  readonly #lineage: Lineage;
  readonly #startedMs: number;
  readonly #nowMs: () => number;
  readonly generation: GenerationId;
  /** The metadata that this process knows from its commits. */
  meta: LedgerMeta;
  #pulseMs: number;
  /** When the newest pulse time was taken. */
  #logicalMs = 0;
  /** Whether the newest commit has a decision. */
  #hasDecided = false;
  readonly #labelSteps = new Map<number, number>();
  readonly #members: Set<OutboxId>;
  #hadMembers: boolean;
  readonly #streams = new Map<number, StreamSeen>();
  readonly #highestReported: HighestReportedCheck;
  readonly #answeredMs = new Map<OutboxId, number>();
  readonly #foreignServers: ForeignServerCheck;
  /**
   * Whether its ledger is an opened copy; whether all members once answered and nothing was
   * missing.
   */
  readonly #isCopy: boolean;
  #wasComplete = false;
  /** The version each outbox truly showed, as its LikesServers tell. */
  readonly #shown = new Map<OutboxId, number>();

  constructor(
    lineage: Lineage,
    snapshot: LedgerSnapshot,
    world: { nowMs(): number; isTwinned(outboxId: OutboxId): boolean },
  ) {
    this.#lineage = lineage;
    this.#nowMs = () => world.nowMs();
    this.#startedMs = world.nowMs();
    this.#highestReported = new HighestReportedCheck(lineage, (outboxId) =>
      world.isTwinned(outboxId),
    );
    this.#foreignServers = new ForeignServerCheck(snapshot.ledgerId);
    this.generation = snapshot.generation;
    this.meta = snapshot.meta;
    this.#pulseMs = snapshot.meta.asOfMs;
    const members = snapshot.members.filter(({ state }) => state === "member");
    this.#members = new Set(members.map(({ outboxId }) => outboxId));
    this.#hadMembers = this.#members.size > 0;
    const isMarked = snapshot.troubles.some(({ outboxId }) => outboxId === undefined);
    this.#isCopy = isMarked || snapshot.copiedMs !== undefined;
  }

  /**
   * Returns the step of a pulse time. An `as_of` without members has no pulse and gets a new step.
   */
  stepOf(pulseMs: number): number {
    const known = this.#labelSteps.get(pulseMs);
    if (known !== undefined) return known;
    const step = this.#lineage.truth.nextStep();
    this.#labelSteps.set(pulseMs, step);
    return step;
  }

  /** It resumes after a pause, in which it received nothing. */
  resumed(stoppedMs: number): void {
    for (const stream of this.#streams.values()) stream.stoppedMs += stoppedMs;
  }

  /** Checks that a message claims only what is committed, and that pulse times increase. */
  sent(streamId: number, message: FromPrimary): void {
    const { disk, truth } = this.#lineage;
    if (message.type === "ack") {
      const applied = disk.incarnations.get(message.incarnation)?.appliedSequence ?? 0;
      const isDurable = message.appliedSequence <= applied && message.version <= disk.meta.version;
      expect(
        isDurable,
        () => `acknowledges #${message.appliedSequence}, only #${applied} is applied`,
      );
      return;
    }
    const pulse = message.type === "welcome" ? message.pulse : message;
    if (message.type === "welcome") {
      expect(message.generation === this.generation, () => "a Welcome of another generation");
      this.#welcomed(streamId, message);
    }
    const { pulseMs, totalLikes, asOfMs } = pulse;
    expect(pulseMs >= this.#pulseMs, () => `pulse time ${pulseMs} follows ${this.#pulseMs}`);
    const nowMs = this.#nowMs();
    if (pulseMs > this.#pulseMs) this.#labelSteps.set(pulseMs, truth.nextStep());
    else expect(this.#logicalMs === nowMs, () => `pulse time ${pulseMs} is used at two moments`);
    this.#pulseMs = pulseMs;
    this.#logicalMs = nowMs;
    expect(
      totalLikes === this.meta.totalLikes,
      () => `a pulse shows ${totalLikes}, not ${this.meta.totalLikes}`,
    );
    expect(
      asOfMs === this.meta.asOfMs,
      () => `a pulse shows as_of ${asOfMs}, not ${this.meta.asOfMs}`,
    );
    this.#checkConvergence(pulse.convergence);
    const seen = this.#stream(streamId);
    expect(seen.pulses.at(-1)?.pulseMs !== pulseMs, () => `pulse time ${pulseMs} is sent twice`);
    seen.pulses.push({ pulseMs, sentMs: nowMs });
    expect(seen.pulses.length <= PULSES_UNANSWERED_MAX, () => "too many pulses are unanswered");
  }

  /** One stream delivers an incarnation: that of the newest Hello. */
  #welcomed(streamId: number, { appliedSequence, digest }: Welcome): void {
    const stream = this.#stream(streamId);
    stream.lastHeardMs = this.#nowMs();
    stream.stoppedMs = 0;
    const { hello } = stream;
    expect(hello !== undefined, () => "welcomes a stream without a Hello");
    const { incarnation } = hello;
    const row = this.#lineage.disk.incarnations.get(incarnation) ?? {
      appliedSequence: 0,
      digest: firstDigest(incarnation),
    };
    const isCurrent = appliedSequence === row.appliedSequence && digest === row.digest;
    const { generations } = this.#lineage.disk;
    const isSuperseded = generations.at(-1)?.generation !== this.generation;
    // An operator may have closed a gap in the same commit, after the Hello was read.
    expect(
      isCurrent || this.#hasDecided || (isSuperseded && appliedSequence <= row.appliedSequence),
      () => `welcomes at #${appliedSequence}, #${row.appliedSequence} is applied`,
    );
    for (const [id, other] of this.#streams) {
      const isOther = id !== streamId && other.hello?.incarnation === incarnation;
      expect(!isOther, () => `two streams deliver ${incarnation}`);
    }
  }

  received(streamId: number, message: FromLikesServer): void {
    const stream = this.#stream(streamId);
    if (message.type === "hello") {
      this.#foreignServers.came(message, this.#nowMs());
      stream.hello = message;
      return;
    }
    const { hello, pulses } = stream;
    if (hello === undefined) return; // the primary refuses it
    const { outboxId } = hello;
    this.#highestReported.received(outboxId, message);
    if (message.type !== "report") return;
    const answered = pulses.findIndex(({ pulseMs }) => pulseMs === message.pulseMs);
    if (answered === -1) return; // the primary refuses it
    const sentMs = pulses[answered]?.sentMs ?? 0;
    pulses.splice(0, answered + 1);
    stream.lastHeardMs = this.#nowMs();
    stream.stoppedMs = 0;
    const newestMs = this.#answeredMs.get(outboxId) ?? -Infinity;
    if (sentMs < newestMs) return;
    this.#answeredMs.set(outboxId, sentMs);
    this.#highestReported.reported(outboxId, message);
    this.#updateComplete();
  }

  #updateComplete(): void {
    if (!this.#isCopy || this.#wasComplete) return;
    const members = [...this.#members];
    const haveAnswered = members.every((outboxId) => this.#answeredMs.has(outboxId));
    this.#wasComplete =
      haveAnswered && this.#highestReported.missingFrom(this.#members) === undefined;
  }

  closed(streamId: number): void {
    this.#streams.delete(streamId);
  }

  /** It learns that its commit is done. */
  commitSeen(group: CommitResult): void {
    this.meta = group.meta;
    this.#hasDecided = group.decisions.length > 0;
    for (const { outboxId, state } of group.members) {
      this.#hadMembers ||= state === "member";
      if (state === "member") this.#members.add(outboxId);
      else this.#members.delete(outboxId);
    }
    this.#updateComplete();
  }

  /** A LikesServer shows a pulse of this generation. */
  shows(outboxId: OutboxId, version: number): void {
    if ((this.#shown.get(outboxId) ?? -1) < version) this.#shown.set(outboxId, version);
  }

  /** The primary has checked the time: a stream that is silent for too long must be gone. */
  ticked(): void {
    for (const { lastHeardMs, stoppedMs } of this.#streams.values()) {
      const silentMs = this.#nowMs() - lastHeardMs - stoppedMs;
      const isKept = silentMs <= REPORT_WAIT_MAX_MS + ROUNDING_MS;
      expect(isKept, () => `a stream stays open after ${silentMs} ms of silence`);
    }
  }

  /** Returns true when the stream has room for another unanswered pulse. */
  takesPulse(streamId: number): boolean {
    return this.#stream(streamId).pulses.length < PULSES_UNANSWERED_MAX;
  }

  /** Returns the incarnations with a recent answer, and the outbox of each. */
  streaming(): Map<IncarnationId, OutboxId> {
    const sinceMs = this.#nowMs() - MEMBER_SILENT_MS + ROUNDING_MS;
    const live = [...this.#streams.values()].filter(({ lastHeardMs }) => {
      return lastHeardMs >= sinceMs && lastHeardMs < Infinity;
    });
    return new Map(
      live.flatMap(({ hello }) => (hello ? [[hello.incarnation, hello.outboxId]] : [])),
    );
  }

  /**
   * A member is about to be retired: its streams must be closed, or messages in transit undo that.
   */
  retires(outboxId: OutboxId): void {
    const isOpen = [...this.#streams.values()].some(({ hello }) => hello?.outboxId === outboxId);
    expect(!isOpen, () => `${outboxId} is retired while a stream of it is open`);
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

  /** Checks that no member seems to have answered more recently than it did. */
  #checkServer({ outboxId, silentForMs }: ServerStatus): void {
    const sinceMs = this.#answeredMs.get(outboxId) ?? -Infinity;
    const silentMs = this.#nowMs() - Math.max(sinceMs, this.#startedMs);
    const isAccurate = silentForMs + 1 + ROUNDING_MS >= silentMs;
    expect(
      isAccurate,
      () => `${outboxId} is silent for ${silentMs} ms, but ${silentForMs} is shown`,
    );
  }

  /** The primary confirms an opened copy. */
  checkAnswered(): void {
    // A member that answered may have left since.
    expect(this.#hadMembers, () => "a copy is confirmed without any member");
    for (const outboxId of this.#members) {
      const hasAnswered = this.#answeredMs.has(outboxId);
      expect(hasAnswered, () => `a copy is confirmed before ${outboxId} answered`);
    }
    expect(this.#wasComplete, () => "a copy is confirmed while likes are missing");
    for (const { outboxId, state } of this.#lineage.disk.members.values()) {
      const isBack = state !== "left" || this.#answeredMs.has(outboxId);
      expect(isBack, () => `a copy is confirmed before departed ${outboxId} answered`);
    }
  }

  /**
   * Only UNKNOWN may be shown while a member is silent or a trouble is open. CONVERGED needs every
   * reported event to be applied.
   */
  #checkConvergence(convergence: Convergence): void {
    if (convergence === "unknown") return;
    const { disk } = this.#lineage;
    expect(
      disk.troubles.size === 0 || this.#isBehind,
      () => `${convergence} while a trouble is open`,
    );
    const nowMs = this.#nowMs();
    for (const outboxId of this.#members) {
      const silentMs = nowMs - (this.#answeredMs.get(outboxId) ?? -Infinity);
      const isRecent = silentMs <= MEMBER_SILENT_MS + ROUNDING_MS;
      expect(isRecent, () => `${convergence}, but ${outboxId} is silent`);
    }
    if (convergence === "converged") this.#highestReported.check(this.#members);
  }

  /** Whether the disk has a commit of which this process does not know yet. */
  get #isBehind(): boolean {
    return this.#lineage.disk.meta.version > this.meta.version;
  }

  #stream(streamId: number): StreamSeen {
    let seen = this.#streams.get(streamId);
    if (seen === undefined) {
      seen = { hello: undefined, lastHeardMs: Infinity, stoppedMs: 0, pulses: [] };
      this.#streams.set(streamId, seen);
    }
    return seen;
  }
}
