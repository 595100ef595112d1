/**
 * The primary's state machine: events in, actions out, in the order in which they must happen. Only
 * `handle` changes it. Each part decides for itself; this file connects them.
 *
 * - Nothing is sent or shown that is not committed.
 * - One commit is under way at a time. Commands wait in one queue, in order of arrival. So a
 *   Welcome covers everything that an older stream of its incarnation got committed.
 * - A stream that does not drain gets the newest Ack and the newest pulse, never a backlog.
 *
 * A crash leaves only the ledger. Streams and the progress of members are volatile, so a start
 * begins in UNKNOWN.
 */
import { assert, unreachable } from "../../assert.ts";
import type { Refusal } from "../../errors.ts";
import type { LedgerSnapshot } from "../ledger/ledger.ts";
import type { CommitResult, LedgerCommand, LedgerResult } from "../ledger/ledger_command.ts";
import type { Convergence, FromLikesServer, Hello } from "../protocol/messages.ts";
import type { LikeBatch, Report } from "../protocol/messages.ts";
import type { WriteFailure } from "../protocol/write_failure.ts";
import { withAdvance } from "./as_of.ts";
import { CommitQueue } from "./commit_queue.ts";
import { CountsReader } from "./counts_reader.ts";
import type { DeliveryStream } from "./delivery_stream.ts";
import { DeliveryStreams } from "./delivery_streams.ts";
import { KnownLedger } from "./known_ledger.ts";
import { LogicalClock } from "./logical_clock.ts";
import { answerOf, decisionOf } from "./operator_requests.ts";
import { PrimaryActions } from "./primary_actions.ts";
import type {
  OperatorRequest,
  PrimaryAction,
  PrimaryEvent,
  StartTimes,
  WrittenOutcome,
} from "./primary_events.ts";
import { ProgressTracker } from "./progress_tracker.ts";
import { PulseSchedule } from "./pulse_schedule.ts";
import { RefusedPeers } from "./refused_peers.ts";
import type { ForeignServer, UnrecordedServer } from "./refused_servers.ts";
import { RestoredLedger } from "./restored_ledger.ts";
import { convergence, statusOf } from "./status.ts";
import type { Status, StatusView, TroubleStatus } from "./status.ts";
import { COMMIT_FAILED, REPLACED, RETIRED, STREAMS_FULL, checkHello } from "./stream_refusals.ts";

export type * from "./primary_events.ts";

/** Pause after a failed commit before the next one begins. */
const COMMIT_RETRY_PAUSE_MS = 500;

type StreamResult = Extract<LedgerResult, { readonly streamId: number }>;
type ResultOf<Type extends LedgerResult["type"]> = Extract<LedgerResult, { readonly type: Type }>;

/** The primary, without sockets, disk or clock. */
export class PrimaryCore {
  readonly #started: StartTimes;
  readonly #clock: LogicalClock;
  readonly #ledger: KnownLedger;
  readonly #restored: RestoredLedger;
  readonly #tracker = new ProgressTracker();
  readonly #refused: RefusedPeers;
  readonly #streams = new DeliveryStreams();
  readonly #queue = new CommitQueue();
  readonly #counts = new CountsReader();
  /** The commands of the commit that is under way; undefined when none is. */
  #committing: readonly LedgerCommand[] | undefined;
  /** No commit begins before this monotonic time. */
  #commitAtMs = -Infinity;
  /** Why the newest write of the ledger failed; undefined when it succeeded. */
  #writeFailure: WriteFailure | undefined;
  readonly #pulses: PulseSchedule;
  /** The convergence in the newest notice. */
  #lastNotifiedConvergence: Convergence = "unknown";
  /** The actions of the event in progress; empty between events. */
  readonly #actions = new PrimaryActions();

  constructor(snapshot: LedgerSnapshot, started: StartTimes) {
    this.#started = started;
    this.#ledger = new KnownLedger(snapshot);
    this.#restored = new RestoredLedger(snapshot);
    this.#clock = new LogicalClock(started.wallMs, started.monotonicMs, snapshot.meta.asOfMs);
    this.#pulses = new PulseSchedule(this.#clock, started.monotonicMs);
    this.#refused = new RefusedPeers(this.#clock);
  }

  /**
   * Handles an event at the monotonic time `nowMs`. Returns what the shell must do now, in order.
   */
  handle(event: PrimaryEvent, nowMs: number): readonly PrimaryAction[] {
    this.#take(event, nowMs);
    this.#commitNext(nowMs);
    return this.#actions.take();
  }

  /** Returns the status at the monotonic time `nowMs`. */
  status(nowMs: number): Status {
    return statusOf(this.#view(), nowMs, this.#clock.peek(nowMs));
  }

  /** Returns the part of the status that counts carry. Costs no list of members. */
  shown(nowMs: number): Pick<Status, "ledgerId" | "generation" | "convergence"> {
    const { ledgerId, generation } = this.#ledger;
    return { ledgerId, generation, convergence: convergence(this.#view(), nowMs) };
  }

  /** The undecided troubles, oldest first. */
  get troubles(): readonly TroubleStatus[] {
    return this.#ledger.troubles;
  }

  /**
   * Returns the undecided troubles of a LikesServer, oldest first. `server` is its outbox id or its
   * server id.
   */
  troublesOf(server: string): readonly TroubleStatus[] {
    return this.troubles.filter(({ serverId, outboxId }) => [serverId, outboxId].includes(server));
  }

  /** Whether the newest write of the ledger succeeded. */
  get isWriting(): boolean {
    return this.#writeFailure === undefined;
  }

  /** LikesServers that came recently and do not belong to this ledger. */
  get foreignServers(): readonly ForeignServer[] {
    return this.#refused.foreignServers;
  }

  /** LikesServers that came recently with a trouble that has no room. */
  get unrecorded(): readonly UnrecordedServer[] {
    return this.#refused.unrecorded;
  }

  #take(event: PrimaryEvent, nowMs: number): void {
    switch (event.type) {
      case "opened":
        return this.#open(event.streamId, nowMs);
      case "received":
        return this.#receive(event.streamId, event.message, nowMs);
      case "closed":
        return this.#end(event.streamId, undefined);
      case "blocked":
        return this.#streams.get(event.streamId)?.block();
      case "writable":
        return this.#unblock(event.streamId, nowMs);
      case "committed":
        this.#queue.ended(event.tookMs);
        return this.#onCommitEnded(event.outcome, nowMs);
      case "decide":
        return this.#decide(event.requestId, event.request, nowMs);
      case "count":
        return this.#actions.push(this.#counts.ask(event, this.shown(nowMs)));
      case "counts_read":
        return this.#actions.push(this.#counts.read(event, this.shown(nowMs)));
      case "counts_failed":
        return this.#actions.push(this.#counts.fail(event));
      case "tick":
        return this.#tick(nowMs);
      default:
        return unreachable(event);
    }
  }

  // Streams.

  #open(streamId: number, nowMs: number): void {
    if (!this.#streams.isFull) return this.#streams.open(streamId, nowMs);
    this.#actions.push({ type: "end", streamId, refusal: STREAMS_FULL });
    this.#actions.notify({ type: "ended", reason: STREAMS_FULL.message });
  }

  #receive(streamId: number, message: FromLikesServer, nowMs: number): void {
    const stream = this.#streams.get(streamId);
    if (stream === undefined) return;
    const refusal = stream.checkMessage(message);
    if (refusal !== undefined) return this.#end(streamId, refusal);
    switch (message.type) {
      case "hello":
        return this.#receiveHello(stream, message, nowMs);
      case "batch":
        return this.#receiveBatch(stream, message);
      case "report":
        return this.#receiveReport(stream, message, nowMs);
      default:
        return unreachable(message);
    }
  }

  #receiveHello(stream: DeliveryStream, hello: Hello, nowMs: number): void {
    stream.receiveHello(hello);
    const refusal = checkHello(hello, this.#ledger.ledgerId);
    if (refusal?.code === "ledger_other") {
      this.#actions.notify(this.#refused.noteOtherLedger(hello, nowMs));
    }
    if (refusal !== undefined) return this.#end(stream.id, refusal);
    const older = this.#streams.of(hello.incarnation);
    if (older !== undefined) this.#end(older.id, REPLACED);
    this.#streams.register(stream);
    this.#queue.push({ type: "hello", streamId: stream.id, hello });
  }

  #receiveBatch(stream: DeliveryStream, batch: LikeBatch): void {
    const { outboxId } = stream.sender;
    this.#tracker.onMessageReceived(outboxId, stream.id, batch, -Infinity);
    this.#queue.push({ type: "batch", streamId: stream.id, outboxId, batch });
    const isPaused = this.#queue.pause(stream.id);
    if (isPaused) this.#actions.push({ type: "pause", streamId: stream.id });
  }

  #receiveReport(stream: DeliveryStream, report: Report, nowMs: number): void {
    const { outboxId, serverId, address, fingerprint } = stream.sender;
    const sentMs = stream.receiveReport(report.pulseMs, nowMs);
    const highestReported = this.#tracker.highestReportedOf(outboxId);
    this.#tracker.onMessageReceived(outboxId, stream.id, report, sentMs);
    const sender = { outboxId, serverId, address, fingerprint };
    const command = { ...sender, report, highestReported };
    this.#queue.push({ type: "report", streamId: stream.id, report: command });
  }

  #unblock(streamId: number, nowMs: number): void {
    const stream = this.#streams.get(streamId);
    if (stream === undefined) return;
    stream.unblock();
    this.#actions.send(streamId, stream.takeAck(this.#ledger.meta.version));
    if (!stream.isPulseDue) return;
    const pulse = this.#pulses.next(this.#view(), nowMs);
    this.#actions.send(streamId, stream.takePulse(pulse, nowMs));
  }

  /**
   * Drops a stream, and its commands that no commit has begun to write. `refusal` is why the
   * primary ends the stream; undefined when the connection ended.
   */
  #end(streamId: number, refusal: Refusal | undefined): void {
    const stream = this.#streams.get(streamId);
    if (stream === undefined) return;
    if (refusal !== undefined) this.#actions.push({ type: "end", streamId, refusal });
    this.#actions.notify(stream.noticeOfEnd(refusal));
    this.#streams.remove(stream);
    this.#queue.drop(streamId);
    const { hello } = stream;
    if (hello === undefined || this.#ledger.members.has(hello.outboxId)) return;
    this.#tracker.forgetStream(hello.outboxId, streamId);
  }

  // Commits.

  #commitNext(nowMs: number): void {
    if (this.#committing !== undefined || nowMs < this.#commitAtMs) return;
    const waiting = withAdvance(this.#queue.take(), this.#view(), this.#clock, nowMs);
    const commands = [...this.#restored.firstCommands, ...waiting];
    for (const streamId of this.#queue.resume()) this.#actions.push({ type: "resume", streamId });
    if (commands.length === 0) return;
    this.#committing = commands;
    this.#actions.push({ type: "commit", commands });
  }

  #onCommitEnded(outcome: WrittenOutcome, nowMs: number): void {
    const commands = this.#committing;
    assert(commands !== undefined, "a commit was under way");
    this.#committing = undefined;
    if (outcome.type !== "done") return this.#onCommitFailed(commands, outcome.type, nowMs);
    const commit = outcome.value;
    // A commit without changes, such as that of a Hello, proves nothing about the disk.
    if (commit.meta.version > this.#ledger.meta.version) this.#noteWriting(undefined);
    this.#onCommitted(commit);
    const acknowledged = new Set<number>();
    for (const result of commit.results) {
      if (result.type === "decided") {
        const { requestId } = result;
        this.#actions.push({ type: "decided", requestId, outcome: answerOf(result) });
        continue;
      }
      const { streamId } = result;
      const stream = this.#streams.get(streamId);
      this.#handleResult(result, stream, nowMs);
      if (stream?.isAckDue) acknowledged.add(streamId);
    }
    // One Ack covers all results of a stream. A stream that a result has ended gets none.
    for (const streamId of acknowledged) {
      this.#actions.send(streamId, this.#streams.get(streamId)?.takeAck(commit.meta.version));
    }
    const { meta } = this.#ledger;
    if (this.#pulses.isDueForTotal(meta, this.#streams.count, nowMs)) this.#pulseAll(nowMs);
  }

  /** Ends all streams: each LikesServer says Hello again, and sends again what was not applied. */
  #onCommitFailed(commands: readonly LedgerCommand[], why: WriteFailure, nowMs: number): void {
    this.#noteWriting(why);
    this.#commitAtMs = nowMs + COMMIT_RETRY_PAUSE_MS;
    this.#restored.onCommitFailed();
    const refusal = COMMIT_FAILED[why];
    for (const stream of this.#streams.all) this.#end(stream.id, refusal);
    for (const command of commands) {
      if (command.type !== "decide") continue;
      const { requestId } = command;
      this.#actions.push({ type: "decided", requestId, outcome: { type: "refused", refusal } });
    }
  }

  #noteWriting(why: WriteFailure | undefined): void {
    if (why === this.#writeFailure) return;
    this.#writeFailure = why;
    if (why !== undefined) return this.#actions.notify({ type: "store_failing", why });
    this.#actions.notify({ type: "store_recovered" });
    for (const stream of this.#streams.all) this.#actions.notify(stream.announce());
  }

  #onCommitted(commit: CommitResult): void {
    this.#restored.onCommitted(commit, this.#ledger.troubles);
    for (const notice of this.#ledger.onCommitted(commit)) this.#actions.notify(notice);
    for (const { outboxId, state } of commit.members) {
      if (state !== "member") this.#tracker.forget(outboxId);
    }
  }

  /** `stream` is undefined when the stream has ended meanwhile. */
  #handleResult(result: StreamResult, stream: DeliveryStream | undefined, nowMs: number): void {
    switch (result.type) {
      case "welcome":
        return stream && this.#welcome(stream, result, nowMs);
      case "reported":
        return stream && this.#reported(stream, result);
      case "applied": {
        const { incarnation } = result.applied;
        this.#actions.notify({ type: "applied", applied: result.applied });
        this.#tracker.onApplied(incarnation);
        return stream?.commitBatch(incarnation);
      }
      case "duplicate":
        this.#tracker.onApplied(result.incarnation);
        return stream?.commitBatch(result.incarnation);
      case "refused":
        return stream && this.#refusedByLedger(stream, result, nowMs);
      default:
        return unreachable(result);
    }
  }

  #welcome(stream: DeliveryStream, result: ResultOf<"welcome">, nowMs: number): void {
    const { appliedSequence, digest, redeliver } = result;
    const pulse = this.#pulses.next(this.#view(), nowMs);
    stream.welcome(appliedSequence, pulse, nowMs);
    const { ledgerId, generation } = this.#ledger;
    const found = { ledgerId, generation, appliedSequence, digest, redeliver };
    this.#actions.send(stream.id, { type: "welcome", ...found, pulse });
  }

  #reported(stream: DeliveryStream, result: ResultOf<"reported">): void {
    const { incarnation, left, command } = result;
    this.#actions.notify(this.#refused.noteRecorded(incarnation));
    stream.commitReport(result);
    // A ledger with a full disk still takes a report that changes nothing, so that proves nothing.
    if (this.isWriting) this.#actions.notify(stream.announce());
    if (!left) this.#tracker.onReportCommitted(command.report, incarnation);
  }

  #refusedByLedger(stream: DeliveryStream, result: ResultOf<"refused">, nowMs: number): void {
    const { refusal, unrecorded } = result;
    if (unrecorded !== undefined) {
      this.#actions.notify(this.#refused.noteUnrecorded(stream.sender, unrecorded, nowMs));
    }
    if (refusal.code === "secret_differs") {
      this.#actions.notify(this.#refused.noteOtherSecret(stream.sender, nowMs));
    }
    this.#end(stream.id, refusal);
  }

  // Operators and time.

  #decide(requestId: number, request: OperatorRequest, nowMs: number): void {
    const view = { ...this.#view(), streaming: this.#streams.streaming(nowMs) };
    const decision = decisionOf(request, view, nowMs);
    if (decision.type === "refused") {
      return this.#actions.push({ type: "decided", requestId, outcome: decision });
    }
    if (decision.type === "retire") {
      for (const stream of this.#streams.ofOutbox(decision.outboxId)) {
        this.#end(stream.id, RETIRED);
      }
    }
    this.#queue.push({ type: "decide", requestId, decision });
  }

  #tick(nowMs: number): void {
    for (const stream of this.#streams.all) {
      const refusal = stream.checkDeadline(nowMs);
      if (refusal !== undefined) this.#end(stream.id, refusal);
    }
    const confirmation = this.#restored.confirm(this.#view(), nowMs);
    if (confirmation !== undefined) this.#queue.push(confirmation);
    for (const notice of this.#refused.expire(nowMs)) this.#actions.notify(notice);
    const state = convergence(this.#view(), nowMs);
    if (state !== this.#lastNotifiedConvergence) {
      this.#lastNotifiedConvergence = state;
      const { totalLikes } = this.#ledger.meta;
      this.#actions.notify({ type: "convergence", convergence: state, totalLikes });
    }
    const { meta } = this.#ledger;
    if (this.#pulses.isDue(meta, state, this.#streams.count, nowMs)) this.#pulseAll(nowMs);
  }

  #pulseAll(nowMs: number): void {
    const pulse = this.#pulses.nextForAll(this.#view(), nowMs);
    for (const stream of this.#streams.all) {
      this.#actions.send(stream.id, stream.takePulse(pulse, nowMs));
    }
  }

  #view(): StatusView {
    const { ledgerId, generation, meta, members, troubles } = this.#ledger;
    return {
      ledgerId,
      generation,
      meta,
      members,
      progress: this.#tracker.byOutbox,
      troubles,
      foreignServers: this.foreignServers,
      hasOtherLedger: this.#refused.hasOtherLedger,
      unrecorded: this.unrecorded,
      isUnrecordedCopy: this.#restored.isUnrecordedCopy,
      writeFailure: this.#writeFailure,
      startedMs: this.#started.monotonicMs,
      startedLogicalMs: this.#clock.startMs,
    };
  }
}
