/**
 * The LikesServer's state machine: events in, actions out, in the order in which they must happen.
 *
 * Invariants. What this machine knows of its outbox is what is synced: a write changes the state when
 * it is done, never when it is asked for, so that nothing can be answered, sent or reported before
 * the disk has it. One write is under way at a time. The outbox is the buffer: what is to be sent is
 * read from it, batch by batch, and the window in flight holds positions, not events.
 *
 * A crash leaves the outbox, and in it incarnations that nobody will append to again. The next
 * process delivers them under their own names, oldest first, each on a stream of its own.
 */
// tidy: long file because every transition of the role stands in one file
import { assert, unreachable } from "../assert.ts";
import type { Refusal } from "../errors.ts";
import {
  BATCH_BYTES_MAX,
  BATCH_RECORDS_MAX,
  OUTBOX_BYTES_MAX,
  PROTOCOL_VERSION,
  PULSE_WAIT_MAX_MS,
  TROUBLES_MAX,
  WINDOW_BATCHES_MAX,
} from "../limits.ts";
import { AcceptQueue } from "./accept_queue.ts";
import type { Give, Group } from "./accept_queue.ts";
import { backoffMs } from "./backoff.ts";
import type { LikeEvent } from "./like_event.ts";
import { refuseEvent } from "./like_event.ts";
import type {
  Ack,
  FromLikesServer,
  FromPrimary,
  LedgerSeen,
  Pulse,
  Trouble,
  TroubleKind,
  Welcome,
} from "./messages.ts";
import type {
  Accepted,
  Membership,
  OutboxRead,
  OutboxSnapshot,
  OutboxWrite,
  WriteOutcome,
} from "./outbox.ts";
import { origin } from "./record.ts";
import type { Id, Position, RecordCodec } from "./record.ts";

/** What happens to a LikesServer. `streamId` names one stream for ever. */
export type LikesServerEvent =
  | { readonly type: "give"; readonly give: Give }
  /** The write that was asked for is synced, or was refused; the outbox now holds `bytes`. */
  | { readonly type: "written"; readonly outcome: WriteOutcome; readonly bytes: number }
  | { readonly type: "read"; readonly streamId: number; readonly read: OutboxRead }
  | { readonly type: "received"; readonly streamId: number; readonly message: FromPrimary }
  | { readonly type: "broken"; readonly streamId: number; readonly reason: string }
  /** The transport's buffer is full, or has drained. */
  | { readonly type: "blocked"; readonly streamId: number }
  | { readonly type: "writable"; readonly streamId: number }
  /** Stop accepting, deliver, and leave the ledger's members or stay one. */
  | { readonly type: "stop"; readonly leave: boolean }
  | { readonly type: "tick" };

/** What a LikesServer must do, in order. */
export type LikesServerAction =
  /** Write all in one transaction, sync it, and answer with `written`. One at a time. */
  | { readonly type: "write"; readonly writes: readonly OutboxWrite[] }
  /** Read the outbox after `sequence`, and answer with `read`. */
  | {
      readonly type: "read";
      readonly streamId: number;
      readonly incarnation: Id;
      readonly sequence: number;
      readonly bytesMax: number;
      readonly recordsMax: number;
    }
  | { readonly type: "connect"; readonly streamId: number }
  | { readonly type: "send"; readonly streamId: number; readonly message: FromLikesServer }
  | { readonly type: "disconnect"; readonly streamId: number }
  | { readonly type: "answer"; readonly requestId: number; readonly outcome: GiveOutcome }
  /** All is delivered, and left if that was asked for. */
  | { readonly type: "stopped" }
  | { readonly type: "notice"; readonly notice: LikesServerNotice };

/** How a give ended. */
export type GiveOutcome =
  | { readonly type: "accepted"; readonly incarnation: Id; readonly sequence: number }
  | { readonly type: "refused"; readonly refusal: Refusal };

/** What a person may want to know. */
export type LikesServerNotice =
  | {
      readonly type: "accepted";
      readonly firstSequence: number;
      readonly events: readonly LikeEvent[];
    }
  | { readonly type: "connected"; readonly incarnation: Id; readonly appliedSequence: number }
  | { readonly type: "disconnected"; readonly reason: string; readonly attempts: number }
  | { readonly type: "membership"; readonly membership: Membership }
  | { readonly type: "total"; readonly pulse: Pulse }
  | { readonly type: "trouble"; readonly trouble: Trouble }
  | { readonly type: "disk_full" };

/** Who a LikesServer is, and what it takes from outside. */
export interface LikesServerOptions {
  readonly serverId: string;
  /** Where it serves LikesService: `host:port`. */
  readonly address: string;
  /** Names the primary in messages. */
  readonly primary: string;
  readonly codec: RecordCodec;
  /** 128 random bits as 32 hexadecimal digits. */
  readonly mintId: () => Id;
  /** In [0, 1). */
  readonly random: () => number;
  readonly outboxBytesMax?: number;
}

/** This LikesServer's view of the total. */
export interface TotalView {
  readonly pulse: Pulse;
  readonly pulseAgeMs: number;
  /** Likes that it accepted and that are not in the total. */
  readonly pendingLikes: bigint;
}

interface Incarnation {
  readonly id: Id;
  last: Position;
  acknowledged: Position;
  trimmedSequence: number;
  parked: Trouble | undefined;
}

/** One stream, from its connect to its end. */
interface Delivery {
  readonly streamId: number;
  readonly incarnation: Incarnation;
  /** `greeting` waits for Welcome, `comparing` reads the digest at the applied sequence. */
  phase: "greeting" | "comparing" | "sending" | "ending";
  welcome: Welcome | undefined;
  /** The newest pulse that is not answered yet. */
  pulse: Pulse | undefined;
  pulsedMs: number;
  sentSequence: number;
  /** Ends of the batches in flight, oldest first. */
  readonly inFlight: Position[];
  reading: boolean;
  blocked: boolean;
}

type Writing = { readonly writes: readonly OutboxWrite[]; readonly group: Group | undefined };

/** Held back before a state write that was refused is tried again. */
const REFUSED_WRITE_PAUSE_MS = 500;

/** The LikesServer, without sockets, disk or clock. */
export class LikesServerCore {
  readonly #options: LikesServerOptions;
  readonly #outboxId: Id;
  readonly #incarnations: Incarnation[];
  readonly #accepts: AcceptQueue;
  #membership: Membership;
  #seen: LedgerSeen | undefined;
  /** What the ledger has forgotten, as this process saw it; parked ones are with their incarnation. */
  #restored: Trouble | undefined;
  #closed: Accepted;
  #bytes: number;
  #stateWrites: OutboxWrite[] = [];
  #stateWritesAtMs = 0;
  #writing: Writing | undefined;
  #delivery: Delivery | undefined;
  #streamId = 0;
  #attempts = 0;
  #connectAtMs = 0;
  #shown: { pulse: Pulse; receivedMs: number; countedLikes: bigint } | undefined;
  /** `done`: nothing is left to deliver, and the ledger has let go of it if that was asked for. */
  #stopping: { readonly leave: boolean; done: boolean; told: boolean } | undefined;
  #actions: LikesServerAction[] = [];

  /** `snapshot` was read after this process minted and synced its own incarnation: the newest. */
  constructor(snapshot: OutboxSnapshot, options: LikesServerOptions) {
    this.#options = options;
    this.#outboxId = snapshot.outboxId;
    this.#incarnations = snapshot.incarnations.map(({ incarnation, last, trimmed, parked }) => ({
      id: incarnation,
      last,
      acknowledged: trimmed,
      trimmedSequence: trimmed.sequence,
      parked,
    }));
    assert(this.#own.last.sequence === 0, "a process appends to its own incarnation only");
    this.#accepts = new AcceptQueue(options.codec);
    // Whether a leave that was asked for was also recorded is not known: it is a stranger until told.
    this.#membership = snapshot.membership === "member" ? "member" : "stranger";
    this.#seen = snapshot.seen;
    this.#closed = snapshot.closed;
    this.#bytes = snapshot.bytes;
  }

  /** Takes an event at the monotonic time `nowMs`; gives what must be done now, in order. */
  handle(event: LikesServerEvent, nowMs: number): readonly LikesServerAction[] {
    this.#take(event, nowMs);
    this.#stopIfDone();
    this.#writeNext(nowMs);
    this.#connectNext(nowMs);
    this.#sendNext();
    const actions = this.#actions;
    this.#actions = [];
    return actions;
  }

  /** The life that appends. */
  get incarnation(): Id {
    return this.#own.id;
  }

  /** Whether a give would be taken now, as far as membership goes. */
  get isAccepting(): boolean {
    return this.#membership === "member" && this.#stopping === undefined;
  }

  /** Everything that the outbox has accepted. */
  get accepted(): Accepted {
    let { events, likes } = this.#closed;
    for (const { last } of this.#incarnations) {
      events += last.sequence;
      likes += last.likes;
    }
    return { events, likes };
  }

  /** Events that are not acknowledged yet. */
  get pendingEvents(): number {
    return this.#pendingExcept(undefined);
  }

  /** What is wrong with the outbox or its ledger, as far as this LikesServer knows. */
  get troubles(): readonly Trouble[] {
    const parked = this.#incarnations.flatMap((incarnation) => incarnation.parked ?? []);
    return [...(this.#restored === undefined ? [] : [this.#restored]), ...parked].slice(
      0,
      TROUBLES_MAX,
    );
  }

  /** The total as the newest pulse told it; undefined before the first. */
  total(nowMs: number): TotalView | undefined {
    if (this.#shown === undefined) return undefined;
    const { pulse, receivedMs, countedLikes } = this.#shown;
    const pendingLikes = this.accepted.likes - countedLikes;
    return { pulse, pulseAgeMs: Math.floor(nowMs - receivedMs), pendingLikes };
  }

  get #own(): Incarnation {
    const own = this.#incarnations.at(-1);
    assert(own !== undefined, "the own incarnation was minted at the start");
    return own;
  }

  #take(event: LikesServerEvent, nowMs: number): void {
    switch (event.type) {
      case "give":
        return this.#give(event.give);
      case "written":
        return this.#written(event.outcome, event.bytes, nowMs);
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

  #give(give: Give): void {
    const room = (this.#options.outboxBytesMax ?? OUTBOX_BYTES_MAX) - this.#bytes;
    const refusal = refuseEvent(give.event) ?? this.#refuseNow() ?? this.#accepts.add(give, room);
    if (refusal !== undefined) this.#answer(give.requestId, { type: "refused", refusal });
  }

  #refuseNow(): Refusal | undefined {
    if (this.isAccepting) return undefined;
    const { serverId, primary } = this.#options;
    const why =
      this.#stopping === undefined
        ? `it waits for the primary at ${primary} to admit it; start one with: likes start-primary`
        : "it is stopping; give them to another LikesServer";
    return { code: "not_accepting", message: `Cannot accept likes at ${serverId}: ${why}` };
  }

  #answer(requestId: number, outcome: GiveOutcome): void {
    this.#actions.push({ type: "answer", requestId, outcome });
  }

  // Writing.

  /** State changes go before likes, each in a transaction of its own. */
  #writeNext(nowMs: number): void {
    if (this.#writing !== undefined) return;
    if (this.#stateWrites.length > 0 && nowMs >= this.#stateWritesAtMs) {
      const writes = this.#stateWrites;
      this.#stateWrites = [];
      this.#write({ writes, group: undefined });
    } else if (!this.#accepts.isEmpty) {
      const group = this.#accepts.take(this.#own.id, this.#own.last);
      const { incarnation, record, last, generator } = group;
      this.#write({ writes: [{ type: "append", incarnation, record, last, generator }], group });
    }
  }

  #write(writing: Writing): void {
    this.#writing = writing;
    this.#actions.push({ type: "write", writes: writing.writes });
  }

  #written(outcome: WriteOutcome, bytes: number, nowMs: number): void {
    const writing = this.#writing;
    assert(writing !== undefined, "a write was under way");
    this.#writing = undefined;
    this.#bytes = bytes;
    if (outcome === "refused") return this.#writeRefused(writing, nowMs);
    for (const write of writing.writes) this.#adopt(write);
    if (writing.group !== undefined) this.#accepted(writing.group);
  }

  #writeRefused({ writes, group }: Writing, nowMs: number): void {
    this.#notice({ type: "disk_full" });
    if (group === undefined) {
      this.#stateWrites = [...writes, ...this.#stateWrites];
      this.#stateWritesAtMs = nowMs + REFUSED_WRITE_PAUSE_MS;
      return;
    }
    const message = `Cannot accept the likes: the disk of ${this.#options.serverId} is full`;
    for (const { requestId } of group.gives) {
      this.#answer(requestId, { type: "refused", refusal: { code: "disk_full", message } });
    }
  }

  #accepted({ incarnation, record, gives }: Group): void {
    const { firstSequence } = record;
    for (const [index, { requestId }] of gives.entries()) {
      this.#answer(requestId, { type: "accepted", incarnation, sequence: firstSequence + index });
    }
    this.#notice({ type: "accepted", firstSequence, events: gives.map(({ event }) => event) });
  }

  /** Takes in a write that is synced. */
  #adopt(write: OutboxWrite): void {
    switch (write.type) {
      case "mint":
        this.#incarnations.push(newIncarnation(write.incarnation));
        return;
      case "append":
        this.#find(write.incarnation).last = write.last;
        return;
      case "trim":
        this.#find(write.incarnation).trimmedSequence = write.upTo;
        return;
      case "close":
        return this.#adoptClose(this.#find(write.incarnation));
      case "park":
        return this.#adoptPark(this.#find(write.incarnation), write.trouble);
      case "membership":
        return this.#adoptMembership(write.membership, write.seen);
      default:
        return unreachable(write);
    }
  }

  #adoptClose(incarnation: Incarnation): void {
    const { sequence, likes } = incarnation.last;
    this.#closed = { events: this.#closed.events + sequence, likes: this.#closed.likes + likes };
    this.#incarnations.splice(this.#incarnations.indexOf(incarnation), 1);
    if (this.#delivery?.incarnation === incarnation) this.#disconnect();
  }

  #adoptPark(incarnation: Incarnation, trouble: Trouble): void {
    incarnation.parked = trouble;
    this.#notice({ type: "trouble", trouble });
    if (this.#delivery?.incarnation === incarnation) this.#disconnect();
  }

  #adoptMembership(membership: Membership, seen: LedgerSeen | undefined): void {
    this.#seen = seen;
    if (membership === this.#membership) return;
    this.#membership = membership;
    this.#notice({ type: "membership", membership });
  }

  // Connecting.

  #connectNext(nowMs: number): void {
    if (this.#delivery !== undefined || this.#stopping?.done || nowMs < this.#connectAtMs) return;
    const incarnation = this.#incarnations.find(({ parked }) => parked === undefined);
    if (incarnation === undefined) return;
    this.#streamId++;
    this.#delivery = {
      streamId: this.#streamId,
      incarnation,
      phase: "greeting",
      welcome: undefined,
      pulse: undefined,
      pulsedMs: nowMs,
      sentSequence: 0,
      inFlight: [],
      reading: false,
      blocked: false,
    };
    this.#actions.push({ type: "connect", streamId: this.#streamId });
    this.#send(this.#delivery, {
      type: "hello",
      protocolVersion: PROTOCOL_VERSION,
      serverId: this.#options.serverId,
      address: this.#options.address,
      outboxId: this.#outboxId,
      incarnation: incarnation.id,
      firstRetainedSequence: incarnation.trimmedSequence + 1,
      acknowledgedSequence: incarnation.acknowledged.sequence,
      seen: this.#seen,
    });
  }

  #send({ streamId }: Delivery, message: FromLikesServer): void {
    this.#actions.push({ type: "send", streamId, message });
  }

  /** Ends the stream on purpose; the next one may begin at once. */
  #disconnect(): void {
    if (this.#delivery === undefined) return;
    this.#actions.push({ type: "disconnect", streamId: this.#delivery.streamId });
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
    if (delivery === undefined || nowMs - delivery.pulsedMs <= PULSE_WAIT_MAX_MS) return;
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
        delivery.pulse = message;
        delivery.pulsedMs = nowMs;
        if (delivery.phase !== "greeting") this.#attempts = 0;
        return this.#answerPulse(delivery, nowMs);
      default:
        return unreachable(message);
    }
  }

  /** Finds where to go on, or why this incarnation cannot go on at all. */
  #welcomed(delivery: Delivery, welcome: Welcome, nowMs: number): void {
    if (delivery.phase !== "greeting") return this.#break("a second Welcome", nowMs);
    const { incarnation, streamId } = delivery;
    const { appliedSequence } = welcome;
    delivery.pulsedMs = nowMs;
    delivery.welcome = welcome;
    delivery.pulse = welcome.pulse;
    this.#notice({ type: "connected", incarnation: incarnation.id, appliedSequence });
    if (welcome.reoffer || appliedSequence < incarnation.acknowledged.sequence) {
      this.#noteRestored(incarnation, welcome);
    }
    const { sequence: last } = incarnation.last;
    const first = incarnation.trimmedSequence + 1;
    if (appliedSequence > last) {
      const detail = `it ends at #${last}, but #${appliedSequence} was applied`;
      return this.#park(delivery, "outbox_rolled_back", detail);
    }
    if (first > appliedSequence + 1) {
      const detail = `#${appliedSequence + 1} to #${first - 1} are neither applied nor in the outbox`;
      return this.#park(delivery, "gap", detail);
    }
    delivery.phase = "comparing";
    delivery.reading = true;
    const bounds = { bytesMax: 0, recordsMax: 1 };
    const { id } = incarnation;
    this.#actions.push({
      type: "read",
      streamId,
      incarnation: id,
      sequence: appliedSequence,
      ...bounds,
    });
  }

  #noteRestored(incarnation: Incarnation, welcome: Welcome): void {
    if (this.#restored !== undefined) return;
    const detail = `ledger ${welcome.ledgerId} is older than what it acknowledged to this outbox`;
    this.#restored = { kind: "ledger_restored", incarnation: incarnation.id, detail };
    this.#notice({ type: "trouble", trouble: this.#restored });
  }

  /** Sets an incarnation aside for an operator. The own one is replaced, so that likes go on. */
  #park(delivery: Delivery, kind: TroubleKind, detail: string): void {
    const { incarnation } = delivery;
    const trouble = { kind, incarnation: incarnation.id, detail };
    delivery.phase = "ending";
    this.#stateWrites.push({ type: "park", incarnation: incarnation.id, trouble });
    if (incarnation !== this.#own) return;
    this.#stateWrites.push({ type: "mint", incarnation: this.#options.mintId() });
  }

  #read(delivery: Delivery, read: OutboxRead, nowMs: number): void {
    delivery.reading = false;
    if (delivery.phase === "comparing") return this.#compared(delivery, read.position, nowMs);
    if (delivery.phase !== "sending") return;
    const { end, records } = read;
    const [first] = records;
    assert(end !== undefined && first !== undefined, "what was not sent yet is in the outbox");
    delivery.inFlight.push(end);
    delivery.sentSequence = end.sequence;
    this.#send(delivery, {
      type: "batch",
      incarnation: delivery.incarnation.id,
      firstSequence: first.firstSequence,
      lastSequence: end.sequence,
      records,
      digest: end.digest,
    });
  }

  #compared(delivery: Delivery, position: Position | undefined, nowMs: number): void {
    const { welcome, incarnation } = delivery;
    assert(welcome !== undefined, "comparing follows a Welcome");
    if (position?.digest !== welcome.digest) {
      const detail = `it has other events up to #${welcome.appliedSequence} than were applied`;
      return this.#park(delivery, "digest_differs", detail);
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
    const { streamId, incarnation, sentSequence: sequence, inFlight } = delivery;
    if (inFlight.length >= WINDOW_BATCHES_MAX || sequence >= incarnation.last.sequence) return;
    delivery.reading = true;
    const bounds = { bytesMax: BATCH_BYTES_MAX, recordsMax: BATCH_RECORDS_MAX };
    this.#actions.push({
      type: "read",
      streamId,
      incarnation: incarnation.id,
      sequence,
      ...bounds,
    });
  }

  #acknowledged(delivery: Delivery, ack: Ack, nowMs: number): void {
    const { incarnation, inFlight } = delivery;
    if (delivery.phase !== "sending" || ack.incarnation !== incarnation.id) return;
    this.#attempts = 0;
    let end = inFlight[0];
    while (end !== undefined && end.sequence <= ack.appliedSequence) {
      incarnation.acknowledged = end;
      inFlight.shift();
      end = inFlight[0];
    }
    if (incarnation.acknowledged.sequence !== ack.appliedSequence) {
      return this.#break(
        `#${ack.appliedSequence} was acknowledged, which was not sent here`,
        nowMs,
      );
    }
    if (ack.admitted && this.#membership !== "member" && this.#stopping === undefined) this.#join();
    if (ack.closed && this.#isFinal(incarnation)) this.#close(delivery, ack);
  }

  #join(): void {
    if (this.#isQueued("membership")) return;
    const seen = this.#newestSeen();
    this.#stateWrites.push({ type: "membership", membership: "member", seen });
  }

  /** Forgets an incarnation that is applied to its last event; with the own one, the ledger too. */
  #close(delivery: Delivery, ack: Ack): void {
    const { id, last } = delivery.incarnation;
    const isOwn = delivery.incarnation === this.#own;
    if (last.sequence !== ack.appliedSequence || (isOwn && !ack.left)) return;
    delivery.phase = "ending";
    this.#stateWrites.push({ type: "trim", incarnation: id, upTo: last.sequence });
    this.#stateWrites.push({ type: "close", incarnation: id });
    if (!isOwn || this.#stopping === undefined) return;
    this.#stopping.done = true;
    this.#stateWrites.push({ type: "membership", membership: "stranger", seen: undefined });
  }

  // Pulses.

  /** Shows the newest pulse, and reports what the disk has. */
  #answerPulse(delivery: Delivery, nowMs: number): void {
    if (delivery.phase !== "sending" || delivery.pulse === undefined) return;
    const { pulse } = delivery;
    if (pulse.totalLikes !== this.#shown?.pulse.totalLikes) this.#notice({ type: "total", pulse });
    this.#shown = { pulse, receivedMs: nowMs, countedLikes: this.#countedLikes() };
    this.#report(delivery);
    this.#trim(delivery.incarnation);
  }

  /** One report is unsent at most: that of the newest pulse. */
  #report(delivery: Delivery): void {
    const { pulse, incarnation, blocked, phase } = delivery;
    if (pulse === undefined || blocked || phase !== "sending") return;
    delivery.pulse = undefined;
    const final = this.#isFinal(incarnation);
    this.#send(delivery, {
      type: "report",
      incarnation: incarnation.id,
      labelMs: pulse.labelMs,
      lastSequence: incarnation.last.sequence,
      acceptedLikes: this.accepted.likes,
      final,
      leaving: final && incarnation === this.#own,
      otherPendingEvents: this.#pendingExcept(incarnation),
      shownVersion: this.#shown?.pulse.version ?? 0,
      shownTotalLikes: this.#shown?.pulse.totalLikes ?? 0n,
      troubles: this.troubles,
    });
  }

  /** Whether nothing will ever be appended to `incarnation` again. */
  #isFinal(incarnation: Incarnation): boolean {
    if (incarnation !== this.#own) return true;
    const appending = this.#writing?.group !== undefined || !this.#accepts.isEmpty;
    return this.#membership === "leaving" && !appending;
  }

  /** Removes what was acknowledged, and keeps beside it how new a ledger has acknowledged it. */
  #trim(incarnation: Incarnation): void {
    const upTo = incarnation.acknowledged.sequence;
    if (upTo <= incarnation.trimmedSequence || this.#isQueued("trim")) return;
    this.#stateWrites.push({ type: "trim", incarnation: incarnation.id, upTo });
    const settled = this.#membership === "member" && this.#stopping === undefined;
    if (!settled || this.#restored !== undefined || this.#isQueued("membership")) return;
    this.#stateWrites.push({ type: "membership", membership: "member", seen: this.#newestSeen() });
  }

  #isQueued(type: OutboxWrite["type"]): boolean {
    const writes = [...this.#stateWrites, ...(this.#writing?.writes ?? [])];
    return writes.some((write) => write.type === type);
  }

  #newestSeen(): LedgerSeen | undefined {
    const ledgerId = this.#delivery?.welcome?.ledgerId;
    if (ledgerId === undefined || this.#shown === undefined) return this.#seen;
    const { generation, version } = this.#shown.pulse;
    return { ledgerId, generation, version };
  }

  // Stopping.

  #stop(leave: boolean): void {
    if (this.#stopping !== undefined) return;
    this.#stopping = { leave, done: false, told: false };
    if (!leave || this.#membership !== "member") return;
    this.#stateWrites.push({ type: "membership", membership: "leaving", seen: this.#newestSeen() });
  }

  #stopIfDone(): void {
    const stopping = this.#stopping;
    if (stopping === undefined || stopping.told || this.#writing !== undefined) return;
    if (!this.#accepts.isEmpty || this.#stateWrites.length > 0) return;
    const leaves = stopping.leave && this.#membership === "leaving";
    stopping.done ||=
      !leaves && !this.#incarnations.some((one) => !one.parked && pendingOf(one) > 0);
    if (!stopping.done) return;
    stopping.told = true;
    this.#disconnect();
    this.#actions.push({ type: "stopped" });
  }

  // Counting.

  #find(id: Id): Incarnation {
    const incarnation = this.#incarnations.find((candidate) => candidate.id === id);
    assert(incarnation !== undefined, "a write names an incarnation of this outbox");
    return incarnation;
  }

  #pendingExcept(except: Incarnation | undefined): number {
    let events = 0;
    for (const incarnation of this.#incarnations) {
      if (incarnation !== except) events += pendingOf(incarnation);
    }
    return events;
  }

  /** Likes of this outbox that are in the total of the newest pulse: those acknowledged before it. */
  #countedLikes(): bigint {
    let { likes } = this.#closed;
    for (const { acknowledged } of this.#incarnations) likes += acknowledged.likes;
    return likes;
  }

  #notice(notice: LikesServerNotice): void {
    this.#actions.push({ type: "notice", notice });
  }
}

function newIncarnation(id: Id): Incarnation {
  const start = origin(id);
  return { id, last: start, acknowledged: start, trimmedSequence: 0, parked: undefined };
}

function pendingOf({ last, acknowledged }: Incarnation): number {
  return last.sequence - acknowledged.sequence;
}
