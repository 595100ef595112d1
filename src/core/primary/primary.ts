/**
 * The primary's state machine: events in, actions out, in the order in which they must happen.
 *
 * Invariants. Nothing is sent that is not committed: Acks, Welcomes, pulses and status show what
 * the last commit left. One commit is under way at a time, and commands wait in one queue in the
 * order in which they came, so a Welcome is computed after everything that its stream's predecessor
 * got in. A stream that does not drain gets the newest Ack and the newest pulse, never a backlog.
 *
 * A crash leaves nothing behind but the ledger: progress, labels and streams are volatile and are
 * earned anew, which is why a start begins in UNKNOWN.
 */
/* oxlint-disable max-lines -- every transition of the role stands in one file */
import { assert, unreachable } from "../../assert.ts";
import type { Refusal } from "../../errors.ts";
import {
  HELLO_WAIT_MAX_MS,
  MEMBER_SILENT_MS,
  MEMBERS_MAX,
  PROTOCOL_VERSION,
  PULSE_GAP_MIN_MS,
  PULSE_INTERVAL_MS,
  PULSES_UNANSWERED_MAX,
  QUEUED_BYTES_MAX,
  REPORT_WAIT_MAX_MS,
  STREAM_BATCHES_QUEUED_MAX,
  STREAMS_MAX,
} from "../../limits.ts";
import { CommitQueue } from "./commit_queue.ts";
import { ProgressTracker } from "./progress_tracker.ts";
import { LogicalClock } from "./logical_clock.ts";
import type { LedgerSnapshot, CommitOutcome } from "../ledger/ledger.ts";
import type { IncarnationRow, LedgerMeta, MemberRow, TroubleRow } from "../ledger/rows.ts";
import type {
  CommitResult,
  LedgerCommand,
  OperatorDecision,
  LedgerResult,
} from "../ledger/ledger_command.ts";
import type {
  Convergence,
  FromLikesServer,
  Hello,
  LikeBatch,
  Pulse,
  Report,
  TroubleKind,
} from "../protocol/messages.ts";
import type { WriteFailure } from "../protocol/write_failure.ts";
import type {
  OperatorRequest,
  OperatorResult,
  PrimaryAction,
  PrimaryEvent,
  PrimaryNotice,
  StartTimes,
} from "./primary_events.ts";
import { openStream } from "./primary_stream.ts";
import type { Stream } from "./primary_stream.ts";
import { RefusedServers } from "./refused_servers.ts";
import type { ForeignServer, UnrecordedServer } from "./refused_servers.ts";
import {
  convergence,
  haveAllConfirmed,
  isInTrouble,
  isPerhapsExchanged,
  isSilent,
  leastMark,
  statusOf,
} from "./status.ts";
import type { Status, StatusView, TroubleStatus } from "./status.ts";
import type { GenerationId, IncarnationId, LedgerId, OutboxId } from "../protocol/ids.ts";

export type * from "./primary_events.ts";

/** Held back before another commit is tried after one that was refused. */
const REFUSED_COMMIT_PAUSE_MS = 500;
const LEDGER_FULL: Refusal = {
  code: "disk_full",
  message: "Cannot write the ledger: its disk is full",
};
const LEDGER_BUSY: Refusal = {
  code: "store_busy",
  message: "Cannot write the ledger: another program is writing to it; end that program",
};

/** What came of a command of a stream. */
type StreamResult = Extract<LedgerResult, { readonly streamId: number }>;

/** The primary, without sockets, disk or clock. */
export class PrimaryCore {
  readonly #ledgerId: LedgerId;
  readonly #generation: GenerationId;
  readonly #started: StartTimes;
  readonly #clock: LogicalClock;
  readonly #members = new Map<OutboxId, MemberRow>();
  readonly #tracker = new ProgressTracker();
  readonly #foreignServers = new RefusedServers<ForeignServer>(({ ledgerId }) => ledgerId);
  readonly #unrecorded = new RefusedServers<UnrecordedServer>(({ kind }) => kind);
  /** Recorded and not decided, oldest first. */
  #troubles: TroubleStatus[] = [];
  readonly #streams = new Map<number, Stream>();
  /** The one stream that delivers an incarnation. */
  readonly #byIncarnation = new Map<IncarnationId, Stream>();
  #meta: LedgerMeta;
  readonly #queue = new CommitQueue();
  /** Streams that are held back by flow control. */
  readonly #paused = new Set<Stream>();
  #committing = false;
  #commitAtMs = -Infinity;
  /** Whether the ledger was asked if all have answered, and nothing changed since. */
  #isConfirmationAsked = false;
  /** Outboxes that left since this start, of an opened copy. */
  readonly #departedMembers = new Set<OutboxId>();
  /** Why the newest commit was not written; undefined when it was. */
  #writeFailure: WriteFailure | undefined;
  /** Operations of the commit that is under way. */
  #deciding: readonly number[] = [];
  #pulseAtMs: number;
  #pulsed: { version: number; convergence: Convergence };
  /** The convergence that was told of last. */
  #told: Convergence = "unknown";
  #actions: PrimaryAction[] = [];

  constructor(snapshot: LedgerSnapshot, started: StartTimes) {
    this.#ledgerId = snapshot.ledgerId;
    this.#generation = snapshot.generation;
    this.#started = started;
    this.#meta = snapshot.meta;
    this.#clock = new LogicalClock(started.wallMs, started.monotonicMs, snapshot.meta.asOfMs);
    for (const member of snapshot.members) {
      if (member.state === "member") this.#members.set(member.outboxId, member);
    }
    this.#troubles = snapshot.troubles.map((trouble) => withServerId(trouble, snapshot.members));
    this.#pulseAtMs = started.monotonicMs;
    this.#pulsed = { version: -1, convergence: "unknown" };
  }

  /** Takes an event at the monotonic time `nowMs`; gives what must be done now, in order. */
  handle(event: PrimaryEvent, nowMs: number): readonly PrimaryAction[] {
    this.#take(event, nowMs);
    this.#commitNext(nowMs);
    const actions = this.#actions;
    this.#actions = [];
    return actions;
  }

  /** The status at the monotonic time `nowMs`. */
  status(nowMs: number): Status {
    return statusOf(this.#view(), nowMs, this.#clock.peek(nowMs));
  }

  /** Which ledger is shown, and how far its total has come, without the list of members. */
  shown(nowMs: number): Pick<Status, "ledgerId" | "generation" | "convergence"> {
    const ledger = { ledgerId: this.#ledgerId, generation: this.#generation };
    return { ...ledger, convergence: convergence(this.#view(), nowMs) };
  }

  /** Those that are recorded and not decided, oldest first. */
  get troubles(): readonly TroubleStatus[] {
    return this.#troubles;
  }

  /** Those of a LikesServer, by its outbox id or its server id, oldest first. */
  troublesOf(server: string): readonly TroubleStatus[] {
    return this.#troubles.filter(({ serverId, outboxId }) => [serverId, outboxId].includes(server));
  }

  /** Whether the disk takes what is written, as far as was tried. */
  get isWriting(): boolean {
    return this.#writeFailure === undefined;
  }

  /** LikesServers of another ledger that came lately. */
  get foreignServers(): readonly ForeignServer[] {
    return this.#foreignServers.servers;
  }

  /** LikesServers that came lately with trouble that has no room. */
  get unrecorded(): readonly UnrecordedServer[] {
    return this.#unrecorded.servers;
  }

  #take(event: PrimaryEvent, nowMs: number): void {
    switch (event.type) {
      case "opened":
        return this.#open(event.streamId, nowMs);
      case "received":
        return this.#receive(event.streamId, event.message, nowMs);
      case "closed":
        return this.#closed(this.#streams.get(event.streamId));
      case "blocked":
      case "writable":
        return this.#setBlocked(event.streamId, event.type === "blocked", nowMs);
      case "committed":
        return this.#committed(event.outcome, nowMs);
      case "decide":
        return this.#decide(event.requestId, event.decision, nowMs);
      case "tick":
        return this.#tick(nowMs);
      default:
        return unreachable(event);
    }
  }

  #open(id: number, nowMs: number): void {
    if (this.#streams.size >= STREAMS_MAX) {
      const message = `Cannot take another stream: there are ${STREAMS_MAX} already`;
      this.#actions.push({ type: "end", streamId: id, refusal: { code: "too_many", message } });
      this.#notice({ type: "ended", reason: message });
      return;
    }
    this.#streams.set(id, openStream(id, nowMs));
  }

  #receive(streamId: number, message: FromLikesServer, nowMs: number): void {
    const stream = this.#streams.get(streamId);
    if (stream === undefined) return; // it was ended; what was under way is void
    if (message.type === "hello") return this.#receiveHello(stream, message, nowMs);
    const { hello } = stream;
    if (hello === undefined || !stream.welcomed) {
      return this.#refuse(stream, "message_invalid", "Cannot take a message before the Welcome");
    }
    if (message.incarnation !== hello.incarnation) {
      const text = `Cannot take a message of incarnation ${message.incarnation} on this stream`;
      return this.#refuse(stream, "message_invalid", text);
    }
    if (message.type === "batch") this.#receiveBatch(stream, hello, message);
    else this.#receiveReport(stream, hello, message, nowMs);
  }

  #receiveHello(stream: Stream, hello: Hello, nowMs: number): void {
    if (stream.hello !== undefined) {
      return this.#refuse(stream, "message_invalid", "Cannot take a second Hello on one stream");
    }
    if (hello.protocolVersion !== PROTOCOL_VERSION) {
      const text =
        `Cannot speak protocol version ${hello.protocolVersion}: this primary speaks ` +
        `${PROTOCOL_VERSION}; run the same release on both sides`;
      return this.#refuse(stream, "protocol_version", text, hello);
    }
    const ledgerId = hello.seen?.ledgerId ?? this.#ledgerId;
    if (ledgerId !== this.#ledgerId) {
      const { serverId, outboxId, address } = hello;
      const from = { serverId, outboxId, address, sinceMs: this.#clock.peek(nowMs) };
      const server = this.#foreignServers.came({ ...from, ledgerId }, nowMs);
      if (server !== undefined) this.#notice({ type: "foreign_server", server });
      const text =
        `Cannot take the outbox of ledger ${ledgerId}: this is ledger ${this.#ledgerId}; point ` +
        "the LikesServer to its own primary, or start it on a fresh --data-dir";
      return this.#refuse(stream, "ledger_other", text, hello);
    }
    const older = this.#byIncarnation.get(hello.incarnation);
    if (older !== undefined) {
      this.#refuse(older, "replaced", "Cannot go on with this stream: a newer Hello replaced it");
    }
    stream.hello = hello;
    this.#byIncarnation.set(hello.incarnation, stream);
    this.#queue.push({ type: "hello", streamId: stream.id, hello });
  }

  #receiveBatch(stream: Stream, hello: Hello, batch: LikeBatch): void {
    const { outboxId } = hello;
    this.#tracker.onMessageReceived(outboxId, stream.id, batch, -Infinity);
    this.#queue.push({ type: "batch", streamId: stream.id, outboxId, batch });
    this.#pause(stream);
  }

  #receiveReport(stream: Stream, hello: Hello, report: Report, nowMs: number): void {
    const { outboxId, serverId, address } = hello;
    const answered = stream.pulses.findIndex(({ pulseMs }) => pulseMs === report.pulseMs);
    const pulse = stream.pulses[answered];
    if (pulse === undefined) {
      const text =
        `Cannot take a report for label ${report.pulseMs}: ` +
        "it is not an unanswered pulse of this stream";
      return this.#refuse(stream, "message_invalid", text);
    }
    stream.reportedMs = nowMs;
    const highestReported = this.#tracker.highestReportedOf(outboxId);
    this.#tracker.onMessageReceived(outboxId, stream.id, report, pulse.sentMs);
    stream.pulses.splice(0, answered + 1);
    const command = { outboxId, serverId, address, report, highestReported };
    this.#queue.push({ type: "report", streamId: stream.id, report: command });
  }

  /** `hello` says who it is, also where it is refused for what that says. */
  #refuse(
    stream: Stream,
    code: Refusal["code"],
    message: string,
    hello: Hello | undefined = stream.hello,
  ): void {
    this.#actions.push({ type: "end", streamId: stream.id, refusal: { code, message } });
    // Who belongs to another ledger is told of as that.
    if (hello === undefined) this.#notice({ type: "ended", reason: message });
    else if (code !== "ledger_other")
      this.#notice({ type: "disconnected", hello, reason: message });
    this.#forget(stream);
  }

  #closed(stream: Stream | undefined): void {
    if (stream === undefined) return;
    const { hello, welcomed } = stream;
    const reason = "the connection ended";
    if (hello !== undefined && welcomed) this.#notice({ type: "disconnected", hello, reason });
    this.#forget(stream);
  }

  /** Drops a stream, and what it sent that no commit has begun to write. */
  #forget(stream: Stream): void {
    this.#streams.delete(stream.id);
    this.#queue.drop(stream.id);
    this.#paused.delete(stream);
    const { hello } = stream;
    if (hello === undefined) return;
    if (!this.#members.has(hello.outboxId)) this.#tracker.forgetStream(hello.outboxId, stream.id);
    const current = this.#byIncarnation.get(hello.incarnation) === stream;
    if (current) this.#byIncarnation.delete(hello.incarnation);
  }

  #setBlocked(streamId: number, blocked: boolean, nowMs: number): void {
    const stream = this.#streams.get(streamId);
    if (stream === undefined) return;
    stream.blocked = blocked;
    if (blocked) return;
    if (stream.ackDue) this.#sendAck(stream);
    if (stream.pulseDue) this.#sendPulse(stream, this.#pulse(nowMs), nowMs);
  }

  #commitNext(nowMs: number): void {
    if (this.#committing || nowMs < this.#commitAtMs) return;
    const commands = this.#withAdvance(this.#queue.take(), nowMs);
    for (const stream of this.#paused) this.#resume(stream);
    if (commands.length === 0) return;
    this.#committing = true;
    this.#deciding = commands.flatMap((one) => (one.type === "decide" ? [one.requestId] : []));
    this.#actions.push({ type: "commit", commands });
  }

  /** Holds a sender back when it, or all of them together, sent more than is committed soon. */
  #pause(stream: Stream): void {
    const isFull = this.#queue.batchesOf(stream.id) >= STREAM_BATCHES_QUEUED_MAX;
    if (this.#paused.has(stream) || (!isFull && this.#queue.bytes < QUEUED_BYTES_MAX)) return;
    this.#paused.add(stream);
    this.#actions.push({ type: "pause", streamId: stream.id });
  }

  #resume(stream: Stream): void {
    if (this.#queue.batchesOf(stream.id) * 2 > STREAM_BATCHES_QUEUED_MAX) return;
    if (this.#queue.bytes * 2 > QUEUED_BYTES_MAX) return;
    this.#paused.delete(stream);
    this.#actions.push({ type: "resume", streamId: stream.id });
  }

  #committed(outcome: CommitOutcome<CommitResult>, nowMs: number): void {
    assert(this.#committing, "a commit was under way");
    this.#committing = false;
    if (outcome.type !== "done") {
      this.#noteWriting(outcome.type);
      return this.#refuseAll(outcome.type, nowMs);
    }
    const group = outcome.value;
    // A group that changes nothing, such as a Hello, says nothing about the disk.
    if (group.meta.version > this.#meta.version) this.#noteWriting(undefined);
    this.#meta = group.meta;
    this.#adopt(group);
    const touched = new Set<Stream>();
    for (const result of group.results) {
      if (result.type === "decided") {
        this.#decided(result);
        continue;
      }
      const stream = this.#streams.get(result.streamId);
      this.#handleResult(result, stream, nowMs);
      if (stream?.ackDue) touched.add(stream);
    }
    for (const stream of touched) if (this.#streams.has(stream.id)) this.#sendAck(stream);
  }

  #noteWriting(writeFailure: WriteFailure | undefined): void {
    if (writeFailure === this.#writeFailure) return;
    this.#writeFailure = writeFailure;
    this.#notice(
      writeFailure === undefined
        ? { type: "store_recovered" }
        : { type: "store_failing", why: writeFailure },
    );
    for (const stream of this.#streams.values()) this.#tellConnected(stream);
  }

  /** A ledger that cannot be written takes a report that changes nothing, and refuses the next one. */
  #tellConnected(stream: Stream): void {
    const { hello, reported, told, appliedSequence } = stream;
    if (told || !reported || hello === undefined || this.#writeFailure !== undefined) return;
    stream.told = true;
    this.#notice({ type: "connected", hello, appliedSequence });
  }

  /** Nothing was written. Every stream says Hello again, and offers again what it offered. */
  #refuseAll(why: WriteFailure, nowMs: number): void {
    this.#commitAtMs = nowMs + REFUSED_COMMIT_PAUSE_MS;
    this.#isConfirmationAsked = false;
    const { code, message } = why === "store_busy" ? LEDGER_BUSY : LEDGER_FULL;
    for (const stream of this.#streams.values()) this.#refuse(stream, code, message);
    for (const requestId of this.#deciding) {
      this.#answerOperator(requestId, { type: "refused", refusal: { code, message } });
    }
  }

  #adopt(group: CommitResult): void {
    for (const member of group.members) {
      const before = this.#members.get(member.outboxId);
      const isMember = member.state === "member";
      if (isMember) this.#members.set(member.outboxId, member);
      else this.#members.delete(member.outboxId);
      if (!isMember) this.#tracker.forget(member.outboxId);
      this.#noteLeft(member, group);
      if ((before !== undefined) !== isMember) this.#notice({ type: "member", member });
    }
    for (const row of group.troubles) {
      const trouble = withServerId(row, [...group.members, ...this.#members.values()]);
      this.#troubles.push(trouble);
      this.#notice({ type: "trouble", trouble });
    }
    for (const decision of group.decisions) {
      this.#troubles = this.#troubles.filter(({ number }) => number !== decision.trouble?.number);
      this.#notice({ type: "decision", decision });
    }
  }

  // Operations.

  #decide(requestId: number, decision: OperatorRequest, nowMs: number): void {
    const found =
      decision.type === "retire"
        ? this.#retiring(decision, nowMs)
        : { ...decision, streaming: this.#streaming(nowMs) };
    if ("code" in found) {
      return this.#answerOperator(requestId, { type: "refused", refusal: found });
    }
    this.#queue.push({ type: "decide", requestId, decision: found });
  }

  /** Ends what is half open, so that nothing that is under way can undo the retiring. */
  #retiring(
    { server, reason }: Extract<OperatorRequest, { type: "retire" }>,
    nowMs: number,
  ): OperatorDecision | Refusal {
    const found = [...this.#members.values()].filter(({ serverId, outboxId }) => {
      return serverId === server || outboxId === server;
    });
    const [member] = found;
    if (member === undefined) return refuseRetire(server, "no member of that name is known");
    const { outboxId } = member;
    if (found.length > 1) {
      const ids = found.map((one) => one.outboxId).join(", ");
      return refuseRetire(server, `${found.length} members have that id; name the outbox: ${ids}`);
    }
    const progress = this.#tracker.byOutbox.get(outboxId);
    if (progress !== undefined && !isSilent(progress, nowMs)) {
      return refuseRetire(server, "it streams; stop it, which makes it leave");
    }
    for (const stream of this.#streams.values()) {
      if (stream.hello?.outboxId !== outboxId) continue;
      this.#refuse(stream, "resynchronise", "Cannot go on with this stream: its outbox is retired");
    }
    return { type: "retire", outboxId, reason };
  }

  /** The incarnations of which somebody answers. */
  #streaming(nowMs: number): readonly IncarnationId[] {
    return [...this.#byIncarnation.values()].flatMap(({ hello, welcomed, reportedMs }) => {
      const answers = welcomed && nowMs - reportedMs <= MEMBER_SILENT_MS;
      return answers && hello !== undefined ? [hello.incarnation] : [];
    });
  }

  #decided(result: Extract<LedgerResult, { type: "decided" }>): void {
    const { requestId, refusal, decisions } = result;
    if (refusal === undefined) this.#answerOperator(requestId, { type: "decided", decisions });
    else this.#answerOperator(requestId, { type: "refused", refusal });
  }

  #answerOperator(requestId: number, outcome: OperatorResult): void {
    this.#actions.push({ type: "decided", requestId, outcome });
  }

  // Results.

  #handleResult(result: StreamResult, stream: Stream | undefined, nowMs: number): void {
    switch (result.type) {
      case "welcome":
        if (stream !== undefined) this.#welcome(stream, result, nowMs);
        return;
      case "reported":
        if (stream !== undefined) this.#reported(stream, result);
        return;
      case "applied":
        this.#notice({ type: "applied", applied: result.applied });
        return this.#applied(result.applied.incarnation, stream);
      case "duplicate":
        return this.#applied(result.incarnation, stream);
      case "refused":
        if (stream === undefined) return;
        this.#noteUnrecorded(stream, result.unrecorded, nowMs);
        return this.#refuse(stream, result.refusal.code, result.refusal.message);
      default:
        return unreachable(result);
    }
  }

  #welcome(stream: Stream, found: Extract<LedgerResult, { type: "welcome" }>, nowMs: number): void {
    const { hello } = stream;
    assert(hello !== undefined, "only a stream with a Hello is greeted");
    const { appliedSequence, digest, redeliver } = found;
    const pulse = this.#pulse(nowMs);
    stream.welcomed = true;
    stream.reportedMs = nowMs;
    stream.appliedSequence = appliedSequence;
    stream.pulses.push({ pulseMs: pulse.pulseMs, sentMs: nowMs });
    const ledger = { ledgerId: this.#ledgerId, generation: this.#generation };
    const message = {
      type: "welcome",
      ...ledger,
      appliedSequence,
      digest,
      redeliver,
      pulse,
    } as const;
    this.#actions.push({ type: "send", streamId: stream.id, message });
  }

  /** Its command changed nothing, so what it brings is found again when it comes again. */
  #noteUnrecorded({ hello }: Stream, kind: TroubleKind | undefined, nowMs: number): void {
    if (kind === undefined || hello === undefined) return;
    const { serverId, outboxId, address, incarnation } = hello;
    const from = { serverId, outboxId, address, sinceMs: this.#clock.peek(nowMs) };
    const server = this.#unrecorded.came({ ...from, incarnation, kind }, nowMs);
    if (server !== undefined) this.#notice({ type: "unrecorded", server });
  }

  /** Of two copies of an outbox one may be refused, and the other not. */
  #noteRecorded({ incarnation, outboxId }: IncarnationRow): void {
    const isRefused = this.unrecorded.some((one) => one.incarnation === incarnation);
    if (!isRefused) return;
    this.#unrecorded.forget(outboxId);
    this.#notice({ type: "unrecorded_gone" });
  }

  #reported(stream: Stream, result: Extract<LedgerResult, { type: "reported" }>): void {
    const { command, incarnation, left, resolved } = result;
    this.#noteRecorded(incarnation);
    const closed = incarnation.state === "closed";
    const isNews = closed !== stream.closed || left !== stream.left || !stream.reported;
    stream.ackDue ||= isNews || resolved.length > 0;
    Object.assign(stream, { closed, left, resolved, reported: true });
    stream.appliedSequence = incarnation.appliedSequence;
    this.#tellConnected(stream);
    if (!left) this.#tracker.onReportCommitted(command.report, incarnation);
  }

  #applied(row: IncarnationRow, stream: Stream | undefined): void {
    this.#tracker.onApplied(row);
    if (stream === undefined) return;
    stream.appliedSequence = row.appliedSequence;
    stream.ackDue = true;
  }

  #sendAck(stream: Stream): void {
    const { hello, blocked, appliedSequence, closed, left } = stream;
    assert(hello !== undefined, "only a stream with a Hello is acknowledged");
    if (blocked) return;
    stream.ackDue = false;
    const { incarnation } = hello;
    const { version } = this.#meta;
    const flags = { closed, admitted: stream.reported && !left, left, resolved: stream.resolved };
    const message = { type: "ack", incarnation, appliedSequence, version, ...flags } as const;
    this.#actions.push({ type: "send", streamId: stream.id, message });
  }

  /**
   * Returns the commands of a commit, with `as_of` before them when every member's freshness label is
   * past it. Only here: all earlier commits are known, so the members are those of the ledger. If a
   * command readmits a retired member, `as_of` must not advance: that member may hold likes it does
   * not cover.
   */
  #withAdvance(commands: readonly LedgerCommand[], nowMs: number): readonly LedgerCommand[] {
    const comesBack = commands.some((one) => {
      return one.type === "report" && !this.#members.has(one.report.outboxId);
    });
    const view = this.#view();
    const isHeld = isInTrouble(view) || isPerhapsExchanged(view);
    if (comesBack || isHeld) return commands;
    const noMembers = this.#members.size === 0;
    const sinceMs = this.#clock.peek(nowMs) - Math.max(this.#meta.asOfMs, this.#clock.startMs);
    if (noMembers && sinceMs < PULSE_INTERVAL_MS) return commands;
    const asOfMs = leastMark(view, noMembers ? this.#clock.tick(nowMs) : 0);
    return asOfMs > this.#meta.asOfMs ? [{ type: "advance", asOfMs }, ...commands] : commands;
  }

  #tick(nowMs: number): void {
    for (const stream of this.#streams.values()) this.#expire(stream, nowMs);
    this.#confirmRestoredCopy(nowMs);
    if (this.#foreignServers.expire(nowMs)) this.#notice({ type: "foreign_server_gone" });
    if (this.#unrecorded.expire(nowMs)) this.#notice({ type: "unrecorded_gone" });
    const state = convergence(this.#view(), nowMs);
    if (state !== this.#told) {
      this.#told = state;
      const { totalLikes } = this.#meta;
      this.#notice({ type: "convergence", convergence: state, totalLikes });
    }
    const sinceMs = nowMs - this.#pulseAtMs;
    const changed =
      this.#meta.totalVersion > this.#pulsed.version || state !== this.#pulsed.convergence;
    if (sinceMs < PULSE_INTERVAL_MS && !(changed && sinceMs >= PULSE_GAP_MIN_MS)) return;
    this.#pulseAll(nowMs, state);
  }

  /** A ledger that was opened from a copy is complete once all whom it knows have answered. */
  #confirmRestoredCopy(nowMs: number): void {
    const isCopy =
      this.#troubles.length > 0 && this.#troubles.every((one) => one.outboxId === undefined);
    if (!isCopy || this.#isConfirmationAsked || !haveAllConfirmed(this.#view(), nowMs)) return;
    this.#isConfirmationAsked = true;
    this.#queue.push({ type: "confirmed", departedMembers: [...this.#departedMembers] });
  }

  /**
   * After a restore, a member that leaves counts as confirmed. A member that had already left does not.
   * At most MEMBERS_MAX are remembered; beyond that an operator decides.
   */
  #noteLeft({ outboxId, state }: MemberRow, group: CommitResult): void {
    this.#isConfirmationAsked = false;
    const isCopy = this.#troubles.some((one) => one.outboxId === undefined);
    if (state !== "left") this.#departedMembers.delete(outboxId);
    else if (
      isCopy &&
      reportsLeaving(group, outboxId) &&
      this.#departedMembers.size < MEMBERS_MAX
    ) {
      this.#departedMembers.add(outboxId);
    }
  }

  #expire(stream: Stream, nowMs: number): void {
    if (stream.hello === undefined && nowMs - stream.openedMs > HELLO_WAIT_MAX_MS) {
      const text = `Cannot wait longer for a Hello: none came within ${HELLO_WAIT_MAX_MS} ms`;
      this.#refuse(stream, "peer_silent", text);
    } else if (stream.welcomed && nowMs - stream.reportedMs > REPORT_WAIT_MAX_MS) {
      const text = `Cannot wait longer for a Report: none came within ${REPORT_WAIT_MAX_MS} ms`;
      this.#refuse(stream, "peer_silent", text);
    }
  }

  #pulseAll(nowMs: number, state: Convergence): void {
    const pulse = this.#pulse(nowMs);
    this.#pulseAtMs = nowMs;
    this.#pulsed = { version: this.#meta.version, convergence: state };
    for (const stream of this.#streams.values()) {
      if (stream.welcomed) this.#sendPulse(stream, pulse, nowMs);
    }
  }

  #sendPulse(stream: Stream, pulse: Pulse, nowMs: number): void {
    stream.pulseDue = stream.blocked;
    if (stream.blocked || stream.pulses.length >= PULSES_UNANSWERED_MAX) return;
    stream.pulses.push({ pulseMs: pulse.pulseMs, sentMs: nowMs });
    this.#actions.push({ type: "send", streamId: stream.id, message: pulse });
  }

  #pulse(nowMs: number): Pulse {
    const { version, totalLikes, asOfMs } = this.#meta;
    return {
      type: "pulse",
      pulseMs: this.#clock.tick(nowMs),
      generation: this.#generation,
      version,
      totalLikes,
      asOfMs,
      convergence: convergence(this.#view(), nowMs),
    };
  }

  #view(): StatusView {
    return {
      ledgerId: this.#ledgerId,
      generation: this.#generation,
      meta: this.#meta,
      members: this.#members,
      tracker: this.#tracker.byOutbox,
      troubles: this.#troubles,
      foreignServers: this.#foreignServers.servers,
      hasForeign: this.#foreignServers.hasCome,
      unrecorded: this.#unrecorded.servers,
      writeFailure: this.#writeFailure,
      startedMs: this.#started.monotonicMs,
      startedLogicalMs: this.#clock.startMs,
    };
  }

  #notice(notice: PrimaryNotice): void {
    this.#actions.push({ type: "notice", notice });
  }
}

/** A trouble with the label of its LikesServer, which may have left. */
function withServerId(trouble: TroubleRow, members: readonly MemberRow[]): TroubleStatus {
  const member = members.find(({ outboxId }) => outboxId === trouble.outboxId);
  return { ...trouble, serverId: member?.serverId ?? "" };
}

function reportsLeaving({ results }: CommitResult, outboxId: OutboxId): boolean {
  return results.some((result) => {
    return result.type === "reported" && result.left && result.incarnation.outboxId === outboxId;
  });
}

function refuseRetire(server: string, why: string): Refusal {
  return { code: "decision_refused", message: `Cannot retire ${JSON.stringify(server)}: ${why}` };
}
