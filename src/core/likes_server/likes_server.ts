/**
 * The LikesServer's state machine: events in, actions out, in the order in which they must happen.
 *
 * Invariants. It speaks only of what is synced: what it knows of its outbox changes when a write is
 * done. One write is under way at a time. The outbox is the buffer: what is to be sent is read from
 * it, batch by batch, and the window in flight holds positions, not events.
 *
 * A crash leaves the outbox, and in it incarnations that nobody will append to again. The next
 * process delivers them under their own names, oldest first, each on a stream of its own.
 *
 * A ledger that forgot what it acknowledged gets everything again that the outbox retains. The outbox
 * records on its disk that this is under way, so a crash in between changes nothing.
 */
/* oxlint-disable max-lines -- every transition of the role stands in one file */
import { assert, unreachable } from "../../assert.ts";
import type { Refusal } from "../../errors.ts";
import {
  BATCH_RECORDS_MAX,
  OUTBOX_BYTES_MAX,
  PROTOCOL_VERSION,
  PULSE_WAIT_MAX_MS,
  RETAINED_INCARNATIONS_MAX,
  TOTAL_LIKES_ACCEPTING_MAX,
  TROUBLES_MAX,
} from "../../limits.ts";
import type { AddRequest, Group } from "./group_commit.ts";
import { backoffMs } from "../protocol/backoff.ts";
import { checkItems } from "../protocol/counts.ts";
import { acknowledgeUpTo, enqueueInFlight, openDelivery, windowLeft } from "./delivery.ts";
import type { Delivery } from "./delivery.ts";
import { OutboxView } from "./outbox_view.ts";
import type { IncarnationView } from "./outbox_view.ts";
import { CountCache } from "./count_cache.ts";
import type { CountsAnswer, CountsQuery, CountsView } from "./count_cache.ts";
import { checkEvent } from "../protocol/like_event.ts";
import type {
  CountsResult,
  AddResult,
  LikesServerAction,
  LikesServerEvent,
  LikesServerNotice,
  LikesServerOptions,
  TotalView,
} from "./likes_server_events.ts";
import type {
  Ack,
  EventRange,
  FromLikesServer,
  FromPrimary,
  LedgerSeen,
  Pulse,
  ReportedTrouble,
  Trouble,
  Welcome,
} from "../protocol/messages.ts";
import type { Accepted, OutboxRead, OutboxSnapshot, OutboxWrite } from "./outbox.ts";
import type { WriteOutcome } from "./outbox.ts";
import type { WriteFailure } from "../protocol/write_failure.ts";
import { OutboxWriter } from "./outbox_writer.ts";
import type { Writing } from "./outbox_writer.ts";
import type { Position } from "../protocol/record.ts";
import { Redelivery } from "./redelivery.ts";
import { RetainedAges } from "./retained_ages.ts";
import type { IncarnationId } from "../protocol/ids.ts";

export type * from "./likes_server_events.ts";

/** The LikesServer, without sockets, disk or clock. */
export class LikesServerCore {
  readonly #options: LikesServerOptions;
  readonly #outbox: OutboxView;
  readonly #writer: OutboxWriter;
  readonly #counts: CountCache;
  /** Whether the ledger may have recorded the outbox, whatever was heard of that. */
  #mayBeKnown: boolean;
  readonly #ages: RetainedAges;
  /** While the ledger is given again what it forgot. */
  #redelivery: Redelivery | undefined;
  #delivery: Delivery | undefined;
  #streamId = 0;
  #attempts = 0;
  #connectAtMs = 0;
  #shown: { pulse: Pulse; receivedMs: number; countedLikes: bigint } | undefined;
  /** How new a ledger the last stream with a Welcome was of: the disk may learn of it later. */
  #heard: LedgerSeen | undefined;
  /** `done`: all is delivered, and the ledger has let go of it if that was asked for. */
  #stopping: { readonly leave: boolean; done: boolean; told: boolean } | undefined;
  /** Why the newest write was not done; undefined when it was. */
  #writeFailure: WriteFailure | undefined;
  #actions: LikesServerAction[] = [];

  /**
   * `snapshot` was read after this process minted and synced its own incarnation: the newest.
   * `nowMs` is the monotonic time, from which the age of what is retained is counted anew.
   */
  constructor(snapshot: OutboxSnapshot, options: LikesServerOptions, nowMs: number) {
    this.#options = options;
    this.#outbox = new OutboxView(snapshot);
    this.#writer = new OutboxWriter(options.codec);
    this.#counts = new CountCache(this.#reached);
    this.#ages = new RetainedAges(options.retain.ageMs);
    for (const { id, acknowledged } of this.#outbox.incarnations) {
      this.#ages.note(id, acknowledged.sequence, nowMs);
    }
    if (snapshot.isRedelivering) this.#noteRestored(this.#outbox.current);
    // An earlier process may have reported and been killed before it could write that down.
    this.#mayBeKnown =
      snapshot.membership !== "unregistered" || this.#outbox.openIncarnations.length > 1;
    // A crash loop without a primary closes nothing, and leaves a life at each start.
    if (this.#outbox.openIncarnations.length > this.#closedMax)
      this.#writer.change(this.#evictWrite());
  }

  /** Takes an event at the monotonic time `nowMs`; gives what must be done now, in order. */
  handle(event: LikesServerEvent, nowMs: number): readonly LikesServerAction[] {
    this.#take(event, nowMs);
    this.#stopIfDone();
    this.#writeNext(nowMs);
    this.#connectNext(nowMs);
    this.#sendNext();
    this.#fetchNext(nowMs);
    const actions = this.#actions;
    this.#actions = [];
    return actions;
  }

  /** The life that appends. */
  get incarnation(): IncarnationId {
    return this.#outbox.current.id;
  }

  /** Whether a give would be taken now, as far as membership goes. */
  get isAccepting(): boolean {
    return this.#outbox.membership === "member" && this.#stopping === undefined;
  }

  /** Whether the disk takes what is written, as far as was tried. */
  get isWriting(): boolean {
    return this.#writeFailure === undefined;
  }

  /** Everything that the outbox has accepted. */
  get accepted(): Accepted {
    return this.#outbox.accepted;
  }

  /** Events that are not acknowledged yet. */
  get pendingEvents(): number {
    return this.#outbox.pendingExcept(undefined);
  }

  /**
   * What is wrong with the outbox or its ledger, as far as this LikesServer knows: the oldest, because
   * it is the oldest incarnation that a ledger may still take for the live one.
   */
  get troubles(): readonly ReportedTrouble[] {
    return this.#allTroubles.slice(0, TROUBLES_MAX);
  }

  get #allTroubles(): readonly ReportedTrouble[] {
    const purged = this.#redelivery === undefined ? [] : [this.#redelivery.trouble];
    return [...purged, ...this.#outbox.troubles];
  }

  /** The total as the newest pulse told it; undefined before the first. */
  total(nowMs: number): TotalView | undefined {
    if (this.#shown === undefined) return undefined;
    const { pulse, receivedMs, countedLikes } = this.#shown;
    const pendingLikes = this.accepted.likes - countedLikes;
    return { pulse, pulseAgeMs: Math.floor(nowMs - receivedMs), pendingLikes };
  }

  #take(event: LikesServerEvent, nowMs: number): void {
    switch (event.type) {
      case "add":
        return this.#add(event.add);
      case "count":
        return this.#count(event.ask, nowMs);
      case "counts_fetched":
        return this.#fetched(event.answer, nowMs);
      case "written":
        return this.#written(event.outcome, event.state, nowMs);
      case "read":
        return this.#withDelivery(event.streamId, (delivery) =>
          this.#read(delivery, event.read, nowMs),
        );
      case "received":
        return this.#withDelivery(event.streamId, (delivery) =>
          this.#receive(delivery, event.message, nowMs),
        );
      case "broken":
        return this.#withDelivery(event.streamId, () => this.#break(event.reason, nowMs));
      case "blocked":
      case "writable":
        return this.#withDelivery(event.streamId, (delivery) => {
          delivery.blocked = event.type === "blocked";
          if (!delivery.blocked) this.#report(delivery);
        });
      case "stop":
        return this.#stop(event.leave);
      case "tick":
        return this.#tick(nowMs);
      default:
        return unreachable(event);
    }
  }

  /** Runs `use` on the current stream; what an older stream still says is void. */
  #withDelivery(streamId: number, use: (delivery: Delivery) => void): void {
    if (this.#delivery?.streamId === streamId) use(this.#delivery);
  }

  // Giving.

  #add(add: AddRequest): void {
    const room = (this.#options.outboxBytesMax ?? OUTBOX_BYTES_MAX) - this.#outbox.pendingBytes;
    const refusal = checkEvent(add.event) ?? this.#checkAccepting() ?? this.#writer.add(add, room);
    if (refusal !== undefined) this.#answer(add.requestId, { type: "refused", refusal });
  }

  #checkAccepting(): Refusal | undefined {
    const { mintFailure } = this.#writer;
    if (this.isAccepting && mintFailure !== undefined) return this.#writeRefusal(mintFailure);
    if (this.isAccepting) return this.#checkTotal(TOTAL_LIKES_ACCEPTING_MAX);
    const { serverId, primary } = this.#options;
    const why =
      this.#stopping === undefined
        ? `it waits for the primary at ${primary} to admit it; start one there: likes start-primary`
        : "it is stopping; give them to another LikesServer";
    return { code: "not_accepting", message: `Cannot accept likes at ${serverId}: ${why}` };
  }

  /** So the primary never has to refuse what was accepted because its numbers end. */
  #checkTotal(totalLikesMax: bigint): Refusal | undefined {
    const totalLikes = this.#shown?.pulse.totalLikes ?? 0n;
    if (totalLikes < totalLikesMax) return undefined;
    const message =
      `Cannot accept the likes: the total is ${totalLikes}, and nothing is accepted from ` +
      `${totalLikesMax} on; begin another ledger`;
    return { code: "too_many", message };
  }

  #answer(requestId: number, outcome: AddResult): void {
    this.#actions.push({ type: "answer", requestId, outcome });
  }

  // Writing.

  #writeNext(nowMs: number): void {
    const writing = this.#writer.next(this.#outbox, nowMs);
    if (writing !== undefined) this.#actions.push({ type: "write", writes: writing.writes });
  }

  #written(outcome: WriteOutcome, state: OutboxSnapshot, nowMs: number): void {
    const writing = this.#writer.end();
    assert(writing !== undefined, "a write was under way");
    this.#noteWriting(outcome === "done" ? undefined : outcome);
    if (outcome !== "done") return this.#refuseWrite(outcome, writing, nowMs);
    const { membership: before } = this.#outbox;
    this.#outbox.onWritten(writing.writes, state);
    const { membership } = this.#outbox;
    if (membership !== before) this.#notice({ type: "membership", membership });
    for (const write of writing.writes) this.#adopted(write, nowMs);
    if (writing.group !== undefined) this.#accepted(writing.group);
  }

  #noteWriting(writeFailure: WriteFailure | undefined): void {
    if (writeFailure === this.#writeFailure) return;
    this.#writeFailure = writeFailure;
    this.#notice(
      writeFailure === undefined
        ? { type: "store_recovered" }
        : { type: "store_failing", why: writeFailure },
    );
  }

  #refuseWrite(why: WriteFailure, { writes, group }: Writing, nowMs: number): void {
    const requests = group?.requests ?? this.#writer.retry(writes, why, nowMs);
    const refusal = this.#writeRefusal(why);
    for (const { requestId } of requests) this.#answer(requestId, { type: "refused", refusal });
  }

  #writeRefusal(why: WriteFailure): Refusal {
    const { serverId } = this.#options;
    if (why === "disk_full") {
      const message = `Cannot accept the likes: the disk of ${serverId} is full`;
      return { code: "disk_full", message };
    }
    const message =
      `Cannot accept the likes: another program is writing to the outbox of ${serverId}; ` +
      "end that program";
    return { code: "store_busy", message };
  }

  #accepted({ incarnation, record, requests }: Group): void {
    const { firstSequence } = record;
    const events = requests.map(({ event }) => event);
    this.#counts.accepted(incarnation, firstSequence, events);
    for (const [index, { requestId }] of requests.entries()) {
      this.#answer(requestId, { type: "accepted", incarnation, sequence: firstSequence + index });
    }
    this.#notice({ type: "accepted", firstSequence, events });
  }

  /** Does what follows from a write that is synced: another incarnation may be the next one now. */
  #adopted(write: OutboxWrite, nowMs: number): void {
    switch (write.type) {
      case "mint":
        return this.#pruneUnapplied();
      case "park":
        this.#notice({ type: "trouble", trouble: write.trouble });
        return this.#disconnectUnlessNext();
      case "begin_redelivery":
        this.#ages.clear();
        this.#pruneUnapplied();
        return this.#disconnect();
      case "close":
        this.#noteClosed(write.incarnation, nowMs);
        this.#pruneUnapplied();
        return this.#disconnectUnlessNext();
      case "unpark":
        this.#pruneUnapplied();
        return this.#disconnectUnlessNext();
      default:
    }
  }

  /** What it holds is only retained from now on, whoever said that. */
  #noteClosed(incarnation: IncarnationId, nowMs: number): void {
    const closed = this.#outbox.find(incarnation);
    if (closed !== undefined) this.#ages.note(incarnation, closed.stored.last.sequence, nowMs);
  }

  /** Ends a stream that delivers another incarnation than the one that is next. */
  #disconnectUnlessNext(): void {
    if (this.#delivery?.incarnation !== this.#outbox.next) this.#disconnect();
  }

  // Counting.

  #count(ask: CountsQuery, nowMs: number): void {
    const refusal = checkItems(ask.itemIds, ask.limit);
    if (refusal !== undefined) {
      return this.#answerCount(ask.requestId, { type: "refused", refusal });
    }
    const asked = this.#counts.ask(ask, nowMs);
    if (asked.type === "answered") this.#counted([asked.view]);
    if (asked.type === "refused") this.#answerCount(ask.requestId, asked);
  }

  #fetchNext(nowMs: number): void {
    const fetch = this.#counts.fetch(nowMs);
    if (fetch !== undefined) this.#actions.push({ type: "fetch_counts", fetch });
  }

  /** Counts of another ledger than the outbox's are no answer. */
  #fetched(answer: CountsAnswer | undefined, nowMs: number): void {
    const ledgerId = this.#seen()?.ledgerId ?? answer?.ledgerId;
    const isOurs = answer !== undefined && answer.ledgerId === ledgerId;
    this.#counted(isOurs ? this.#counts.fetched(answer, nowMs) : this.#counts.failed(nowMs));
    this.#pruneUnapplied();
  }

  #pruneUnapplied(): void {
    this.#counts.prune(this.#reached);
  }

  get #reached() {
    const { openIncarnations } = this.#outbox;
    return openIncarnations.map(({ id, stored, acknowledged }) => ({
      id,
      last: stored.last,
      acknowledged,
    }));
  }

  #counted(views: readonly CountsView[]): void {
    for (const { requestId, counts } of views) {
      if (counts === undefined) this.#answerCount(requestId, this.#countsUnknown());
      else this.#answerCount(requestId, { type: "counted", counts });
    }
  }

  #countsUnknown(): CountsResult {
    const { serverId, primary } = this.#options;
    const message =
      `Cannot tell the likes at ${serverId}: it has not learnt them, and the primary at ${primary} ` +
      "does not answer for its ledger; ask again when it is back";
    return { type: "refused", refusal: { code: "count_unknown", message } };
  }

  #answerCount(requestId: number, outcome: CountsResult): void {
    this.#actions.push({ type: "counted", requestId, outcome });
  }

  // Connecting.

  #connectNext(nowMs: number): void {
    if (this.#delivery !== undefined || this.#stopping?.done || nowMs < this.#connectAtMs) return;
    const incarnation = this.#outbox.next;
    if (incarnation === undefined) return;
    this.#streamId++;
    this.#delivery = openDelivery(this.#streamId, incarnation, nowMs);
    this.#actions.push({ type: "connect", streamId: this.#streamId });
    this.#send(this.#delivery, {
      type: "hello",
      protocolVersion: PROTOCOL_VERSION,
      serverId: this.#options.serverId,
      address: this.#options.address,
      outboxId: this.#outbox.outboxId,
      incarnation: incarnation.id,
      acknowledgedSequence: this.#claimed(incarnation),
      seen: this.#seen(),
    });
  }

  /**
   * The ledger to which the outbox belongs, as it was heard of last; also when the disk is only about
   * to have that. Who belongs to none yet may join any.
   */
  #seen(): LedgerSeen | undefined {
    const belongs = this.#outbox.seen !== undefined || this.#writer.isJoining;
    return belongs ? (this.#heard ?? this.#outbox.seen) : undefined;
  }

  #send({ streamId }: Delivery, message: FromLikesServer): void {
    this.#actions.push({ type: "send", streamId, message });
  }

  /** Ends the stream on purpose; the next one may begin as soon as the outbox is ready for it. */
  #disconnect(): void {
    if (this.#delivery === undefined) return;
    this.#actions.push({ type: "disconnect", streamId: this.#delivery.streamId });
    this.#heard = this.#newestSeen() ?? this.#heard;
    this.#delivery = undefined;
  }

  #break(reason: string, nowMs: number): void {
    this.#disconnect();
    this.#attempts++;
    this.#connectAtMs = nowMs + backoffMs(this.#attempts, this.#options.random());
    this.#notice({ type: "disconnected", reason, attempts: this.#attempts });
  }

  #tick(nowMs: number): void {
    const delivery = this.#delivery;
    if (delivery === undefined) return;
    this.#noteSteady(delivery, nowMs);
    if (nowMs - delivery.pulseAtMs <= PULSE_WAIT_MAX_MS) return;
    this.#break(`no word from the primary for ${PULSE_WAIT_MAX_MS} ms`, nowMs);
  }

  // Delivering.

  #receive(delivery: Delivery, message: FromPrimary, nowMs: number): void {
    switch (message.type) {
      case "welcome":
        return this.#welcomed(delivery, message, nowMs);
      case "ack":
        return this.#acknowledged(delivery, message, nowMs);
      case "pulse":
        // Labels increase: one that does not is of the past, whatever the transport did.
        if (message.pulseMs <= delivery.pulseMs) return;
        delivery.pulseMs = message.pulseMs;
        delivery.pulse = message;
        delivery.pulseAtMs = nowMs;
        delivery.version = Math.max(delivery.version, message.version);
        this.#noteSteady(delivery, nowMs);
        return this.#answerPulse(delivery, nowMs);
      default:
        return unreachable(message);
    }
  }

  /** Finds where to go on, or why this incarnation cannot go on at all. */
  #welcomed(delivery: Delivery, welcome: Welcome, nowMs: number): void {
    if (delivery.phase !== "handshake") return this.#break("a second Welcome", nowMs);
    const { incarnation } = delivery;
    const { appliedSequence } = welcome;
    delivery.pulseAtMs = nowMs;
    delivery.welcome = welcome;
    delivery.pulse = welcome.pulse;
    delivery.version = welcome.pulse.version;
    delivery.pulseMs = Math.max(delivery.pulseMs, welcome.pulse.pulseMs);
    if (this.#isLedgerBehind(incarnation, welcome)) return this.#redeliver(delivery, welcome);
    const { last, trimmed } = incarnation.stored;
    if (appliedSequence > last.sequence) {
      const events = inDoubt(incarnation, appliedSequence);
      const detail = `it ends at #${last.sequence}, but #${appliedSequence} was applied`;
      return this.#park(delivery, { kind: "outbox_rolled_back", events, detail }, nowMs);
    }
    if (trimmed.sequence > appliedSequence) return this.#parkGap(delivery, appliedSequence, nowMs);
    delivery.phase = "comparing";
    this.#askToRead(delivery, appliedSequence, { bytesMax: 0, recordsMax: 1 });
  }

  /** Whether a ledger is older than what it acknowledged. */
  #isLedgerBehind(incarnation: IncarnationView, welcome: Welcome): boolean {
    return welcome.redeliver || welcome.appliedSequence < this.#claimed(incarnation);
  }

  /**
   * What a ledger has to have of `incarnation`, or it forgot. One that is being refilled is known
   * to lack something: only what it acknowledged since counts, and what was removed cannot be
   * offered again.
   */
  #claimed({ acknowledged, stored }: IncarnationView): number {
    const isAnew = this.#outbox.isRedelivering && acknowledged.sequence <= stored.trimmed.sequence;
    return isAnew ? 0 : acknowledged.sequence;
  }

  /**
   * Offers everything again, from the oldest on. Nothing is reported on this stream: a report of the
   * own incarnation would look like a second copy while older ones are open at the ledger.
   */
  #redeliver(delivery: Delivery, { ledgerId, generation, pulse }: Welcome): void {
    this.#noteRestored(delivery.incarnation);
    this.#writer.takeBackAcknowledged();
    const { version } = pulse;
    this.#finish(delivery, { type: "begin_redelivery", seen: { ledgerId, generation, version } });
  }

  #noteRestored({ id: incarnation }: IncarnationView): void {
    this.#redelivery = new Redelivery(incarnation, this.#outbox.current);
    this.#notice({ type: "trouble", trouble: this.#redelivery.trouble });
  }

  /** The ledger has everything again that the outbox retains. The outbox records that. */
  #endRedelivery({ incarnation }: Delivery): void {
    if (incarnation !== this.#outbox.current || !this.#redelivery?.isDone(incarnation)) return;
    this.#redelivery = undefined;
    this.#writer.change({ type: "end_redelivery" });
  }

  #parkGap(delivery: Delivery, appliedSequence: number, nowMs: number): void {
    const { trimmed } = delivery.incarnation.stored;
    const events = { first: appliedSequence + 1, last: trimmed.sequence };
    const detail = `#${events.first} to #${events.last} are neither applied nor in the outbox`;
    const { digest } = trimmed;
    this.#park(delivery, { kind: "gap", events, digest, detail }, nowMs);
  }

  /** Sets an incarnation aside for an operator. The own one is replaced, so that likes go on. */
  #park(
    delivery: Delivery,
    found: Omit<ReportedTrouble, "incarnation" | "digest"> & Partial<Pick<Trouble, "digest">>,
    nowMs: number,
  ): void {
    const { incarnation } = delivery;
    const trouble = { digest: undefined, ...found, incarnation: incarnation.id };
    this.#finish(delivery, { type: "park", incarnation: incarnation.id, trouble });
    // A ledger that disagrees every time must not make incarnations at the speed of the network.
    this.#attempts++;
    this.#connectAtMs = nowMs + backoffMs(this.#attempts, this.#options.random());
    if (incarnation !== this.#outbox.current) return;
    this.#writer.change({ type: "mint", incarnation: this.#options.mintId() });
  }

  /** Ends the delivery of an incarnation by `writes`; the stream ends once they are done. */
  #finish(delivery: Delivery, ...writes: readonly OutboxWrite[]): void {
    delivery.phase = "ending";
    delivery.incarnation.isTransitioning = true;
    this.#writer.change(...writes);
  }

  #read(delivery: Delivery, read: OutboxRead, nowMs: number): void {
    delivery.reading = false;
    if (delivery.phase === "comparing") return this.#compared(delivery, read.position, nowMs);
    if (delivery.phase !== "sending") return;
    const batch = enqueueInFlight(delivery, read);
    if (batch !== undefined) return this.#send(delivery, batch);
    this.#break("the ledger wants events again that were just removed", nowMs);
  }

  #compared(delivery: Delivery, position: Position | undefined, nowMs: number): void {
    const { welcome, incarnation } = delivery;
    assert(welcome !== undefined, "comparing follows a Welcome");
    const { appliedSequence } = welcome;
    if (incarnation.stored.trimmed.sequence > appliedSequence) {
      return this.#parkGap(delivery, appliedSequence, nowMs); // removed while it was read
    }
    if (position?.digest !== welcome.digest) {
      const events = inDoubt(incarnation, appliedSequence);
      const detail = `it has other events up to #${appliedSequence} than were applied`;
      return this.#park(delivery, { kind: "digest_differs", events, detail }, nowMs);
    }
    incarnation.acknowledged = position;
    delivery.sentSequence = position.sequence;
    delivery.phase = "sending";
    this.#answerPulse(delivery, nowMs);
  }

  /** Asks the outbox for the next batch while the window has room. */
  #sendNext(): void {
    const delivery = this.#delivery;
    if (delivery?.phase !== "sending" || delivery.reading || delivery.blocked) return;
    const { incarnation, sentSequence } = delivery;
    const bytesMax = windowLeft(delivery);
    if (bytesMax === 0 || sentSequence >= incarnation.stored.last.sequence) return;
    this.#askToRead(delivery, sentSequence, { bytesMax, recordsMax: BATCH_RECORDS_MAX });
  }

  #askToRead(
    delivery: Delivery,
    sequence: number,
    bounds: { readonly bytesMax: number; readonly recordsMax: number },
  ): void {
    const { streamId, incarnation } = delivery;
    delivery.reading = true;
    const after = { incarnation: incarnation.id, sequence };
    this.#actions.push({ type: "read", streamId, ...after, ...bounds });
  }

  #acknowledged(delivery: Delivery, ack: Ack, nowMs: number): void {
    const { incarnation } = delivery;
    if (delivery.phase !== "sending" || ack.incarnation !== incarnation.id) return;
    if (!acknowledgeUpTo(delivery, ack.appliedSequence)) {
      const reason = `#${ack.appliedSequence} was acknowledged, which was not sent here`;
      return this.#break(reason, nowMs);
    }
    delivery.version = Math.max(delivery.version, ack.version);
    if (ack.admitted) delivery.admittedMs ??= nowMs;
    this.#noteSteady(delivery, nowMs);
    this.#redelivery?.acknowledged(ack);
    this.#pruneUnapplied();
    this.#applyResolutions(ack.resolved);
    if (ack.admitted) this.#join();
    if (ack.closed && this.#isFinal(incarnation)) this.#close(delivery, ack);
  }

  /**
   * A stream is connected once it is admitted. After a failure that is not enough: a ledger whose disk
   * is full admits a member that it knows, and refuses it at the next commit. So the ledger has to have
   * been written since, or the stream to have lasted.
   */
  #noteSteady(delivery: Delivery, nowMs: number): void {
    const { welcome, version, admittedMs, isSteady } = delivery;
    if (isSteady || welcome === undefined || admittedMs === undefined) return;
    const isSound = version > welcome.pulse.version || nowMs - admittedMs >= PULSE_WAIT_MAX_MS;
    if (this.#attempts > 0 && !isSound) return;
    delivery.isSteady = true;
    this.#attempts = 0;
    const { appliedSequence } = welcome;
    this.#notice({ type: "connected", incarnation: delivery.incarnation.id, appliedSequence });
  }

  #join(): void {
    if (this.#outbox.membership === "member" || this.#stopping !== undefined) return;
    if (!this.#writer.has("membership")) this.#writer.change(this.#memberWrite());
  }

  #memberWrite(): OutboxWrite {
    return { type: "membership", membership: "member", seen: this.#newestSeen() };
  }

  /** An operator has decided about parked incarnations: what follows a gap is delivered. */
  #applyResolutions(resolved: readonly IncarnationId[]): void {
    for (const incarnation of resolved) {
      const found = this.#outbox.find(incarnation);
      if (found?.stored.parked === undefined || found.isTransitioning) continue;
      const type = found.stored.parked.kind === "gap" ? "unpark" : "close";
      found.isTransitioning = true;
      this.#writer.change({ type, incarnation });
    }
  }

  /** Closes an incarnation that is applied to its last event; with the own one, the membership. */
  #close(delivery: Delivery, ack: Ack): void {
    const { id, stored } = delivery.incarnation;
    const isCurrent = delivery.incarnation === this.#outbox.current;
    if (stored.last.sequence !== ack.appliedSequence || (isCurrent && !ack.left)) return;
    if (isCurrent) this.#endRedelivery(delivery);
    const acknowledge = this.#acknowledgeWrite(id, stored.last.sequence);
    this.#finish(delivery, acknowledge, { type: "close", incarnation: id }, this.#evictWrite());
    if (!isCurrent || this.#stopping === undefined) return;
    this.#stopping.done = true;
    this.#writer.change({
      type: "membership",
      membership: "unregistered",
      seen: this.#newestSeen(),
    });
  }

  // Pulses.

  /** Shows the newest pulse, and reports what the disk has. */
  #answerPulse(delivery: Delivery, nowMs: number): void {
    if (delivery.phase !== "sending" || delivery.pulse === undefined) return;
    this.#endRedelivery(delivery);
    const { pulse } = delivery;
    if (pulse.totalLikes !== this.#shown?.pulse.totalLikes) this.#notice({ type: "total", pulse });
    const countedLikes = this.#outbox.countedLikes;
    this.#shown = { pulse, receivedMs: nowMs, countedLikes };
    this.#report(delivery);
    this.#settle(delivery.incarnation, nowMs);
  }

  /** One report is unsent at most: that of the newest pulse. */
  #report(delivery: Delivery): void {
    const { pulse, incarnation, blocked, phase } = delivery;
    if (pulse === undefined || blocked || phase !== "sending") return;
    // A first report makes it a member. One that is about to end has nothing to leave without that.
    if (this.#stopping !== undefined && !this.#mayBeKnown) return;
    delivery.pulse = undefined;
    this.#mayBeKnown = true;
    const final = this.#isFinal(incarnation);
    // What a report has no room for waits: as_of may not go by it before it is named.
    const unnamed = Math.max(0, this.#allTroubles.length - TROUBLES_MAX);
    this.#send(delivery, {
      type: "report",
      incarnation: incarnation.id,
      pulseMs: pulse.pulseMs,
      lastSequence: incarnation.stored.last.sequence,
      acceptedLikes: this.accepted.likes,
      acknowledgedLikes: this.#outbox.acknowledgedLikes,
      final,
      leaving: final && incarnation === this.#outbox.current,
      otherPendingEvents: this.#outbox.pendingExcept(incarnation) + unnamed,
      shownVersion: this.#shown?.pulse.version ?? 0,
      shownTotalLikes: this.#shown?.pulse.totalLikes ?? 0n,
      troubles: this.troubles,
    });
  }

  /** Whether nothing will ever be appended to `incarnation` again. */
  #isFinal(incarnation: IncarnationView): boolean {
    if (incarnation !== this.#outbox.current) return true;
    return this.#outbox.membership === "leaving" && !this.#writer.isAppending;
  }

  /** Writes down what was acknowledged, and lets go of what was retained for long enough. */
  #settle({ id, acknowledged, stored }: IncarnationView, nowMs: number): void {
    if (this.#writer.has("acknowledge") || this.#writer.has("evict")) return;
    const { sequence } = acknowledged;
    if (sequence > stored.acknowledged.sequence) {
      this.#ages.note(id, sequence, nowMs);
      this.#writer.change(this.#acknowledgeWrite(id, sequence), this.#evictWrite());
    }
    for (const { incarnation, upTo } of this.#ages.take(nowMs)) {
      const isHeld = upTo > (this.#outbox.find(incarnation)?.stored.trimmed.sequence ?? upTo);
      if (isHeld) this.#writer.change({ type: "trim", incarnation, upTo });
    }
  }

  #acknowledgeWrite(incarnation: IncarnationId, upTo: number): OutboxWrite {
    return { type: "acknowledge", incarnation, upTo, seen: this.#newestSeen() };
  }

  #evictWrite(): OutboxWrite {
    const { bytesMax } = this.#options.retain;
    return { type: "evict", bytesMax, closedMax: this.#closedMax };
  }

  get #closedMax(): number {
    return this.#options.retain.incarnationsMax ?? RETAINED_INCARNATIONS_MAX;
  }

  /** The ledger as it is seen by the stream of now; undefined when there is no newer word of it. */
  #newestSeen(): LedgerSeen | undefined {
    const { welcome, version } = this.#delivery ?? {};
    if (welcome === undefined || version === undefined) return undefined;
    const { ledgerId, generation } = welcome;
    return { ledgerId, generation, version };
  }

  // Stopping.

  #stop(leave: boolean): void {
    if (this.#stopping !== undefined) return;
    this.#stopping = { leave, done: false, told: false };
    if (!leave || !this.#mayBeKnown) return;
    const seen = this.#newestSeen();
    this.#writer.change({ type: "membership", membership: "leaving", seen });
  }

  #stopIfDone(): void {
    const stopping = this.#stopping;
    if (stopping === undefined || stopping.told || !this.#writer.isIdle) return;
    const leaves = stopping.leave && this.#outbox.membership === "leaving";
    stopping.done ||= !leaves && !this.#outbox.hasDeliverable;
    if (!stopping.done) return;
    stopping.told = true;
    this.#disconnect();
    this.#actions.push({ type: "stopped" });
  }

  #notice(notice: LikesServerNotice): void {
    this.#actions.push({ type: "notice", notice });
  }
}

/**
 * The events that may be others here than at the ledger: all after those that it acknowledged, when it
 * has these, up to the last that either side has.
 */
function inDoubt({ acknowledged, stored }: IncarnationView, appliedSequence: number): EventRange {
  const { sequence } = acknowledged;
  const first = sequence < appliedSequence ? sequence + 1 : 1;
  return { first, last: Math.max(appliedSequence, stored.last.sequence) };
}
