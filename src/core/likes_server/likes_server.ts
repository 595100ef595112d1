/**
 * The LikesServer's state machine: events in, actions out, in the order in which they must happen.
 *
 * Invariants:
 *
 * - It answers, sends and reports only what is synced: its view of the outbox changes when a write
 *   is done.
 * - One write is under way at a time.
 * - The outbox is the buffer: batches are read from it, and the window in flight holds positions,
 *   not events.
 *
 * A crash leaves the outbox, with incarnations to which nothing is appended again. The next process
 * delivers them under their own ids, oldest first, each on its own stream.
 *
 * This file accepts likes and writes the outbox. `deliverer.ts` talks to the primary.
 */
import { unreachable } from "../../assert.ts";
import { OUTBOX_BYTES_MAX, TROUBLES_MAX } from "../../limits.ts";
import { ActionList } from "./action_list.ts";
import { checkTotal, checkMembership, writeRefusal } from "./add_checks.ts";
import type { CachedCount } from "./count_cache.ts";
import { CountQueries } from "./count_queries.ts";
import { Deliverer } from "./deliverer.ts";
import { GroupCommit } from "./group_commit.ts";
import type { AddRequest, Writing } from "./group_commit.ts";
import type {
  AddResult,
  CountsResult,
  LikesServerAction,
  LikesServerEvent,
  LikesServerSettings,
  SetResult,
  TotalView,
} from "./likes_server_events.ts";
import { OutboxMembership } from "./membership.ts";
import type { Accepted, AppendWrite, OutboxSnapshot, OutboxWrite, WriteOutcome } from "./outbox.ts";
import { OutboxView } from "./outbox_view.ts";
import { OutboxWriter } from "./outbox_writer.ts";
import { Redelivery } from "./redelivery.ts";
import { RetainedEvents } from "./retention.ts";
import { ShownTotal } from "./shown_total.ts";
import { knownResult } from "./known_result.ts";
import { Wishes } from "./wishes.ts";
import type { WishRequest } from "./wishes.ts";
import type { IncarnationId } from "../protocol/ids.ts";
import { checkEvent, checkItemId } from "../protocol/like_event.ts";
import { checkState } from "../protocol/register.ts";
import type { ReportedTrouble } from "../protocol/messages.ts";
import type { WriteFailure } from "../protocol/write_failure.ts";

export type * from "./likes_server_events.ts";

/** The LikesServer, without sockets, disk or clock. */
export class LikesServerCore {
  readonly #options: LikesServerSettings;
  readonly #actions = new ActionList();
  readonly #outbox: OutboxView;
  readonly #membership: OutboxMembership;
  /** Requests that wait to be written. */
  readonly #adds: GroupCommit;
  readonly #writer: OutboxWriter;
  readonly #retained: RetainedEvents;
  readonly #counts: CountQueries;
  readonly #wishes: Wishes;
  readonly #shown = new ShownTotal();
  readonly #deliverer: Deliverer;
  /** Why the newest write failed; undefined when it succeeded. */
  #writeFailure: WriteFailure | undefined;

  /**
   * `snapshot` was read after this process synced its own incarnation, which is the newest. The age
   * of retained events begins at the monotonic time `nowMs`.
   */
  constructor(snapshot: OutboxSnapshot, options: LikesServerSettings, nowMs: number) {
    const actions = this.#actions;
    const outbox = new OutboxView(snapshot);
    const membership = new OutboxMembership(snapshot);
    const redelivery = new Redelivery(outbox);
    this.#options = options;
    this.#outbox = outbox;
    this.#membership = membership;
    this.#adds = new GroupCommit(options);
    this.#wishes = new Wishes(options);
    const writer = (this.#writer = new OutboxWriter(this.#adds));
    const retained = new RetainedEvents(outbox, writer, options.retain, nowMs);
    const counted = (requestId: number, found: CountsResult) => this.#counted(requestId, found);
    const counts = new CountQueries(options, outbox, actions, counted);
    const state = { outbox, writer, membership, retained, redelivery, counts };
    this.#retained = retained;
    this.#counts = counts;
    this.#deliverer = new Deliverer({ options, actions, ...state, shown: this.#shown });
    if (!snapshot.isRedelivering) return;
    actions.notify({ type: "trouble", trouble: redelivery.begin(outbox.current) });
  }

  /**
   * Handles an event at the monotonic time `nowMs`. Returns what the shell must do now, in order.
   */
  handle(event: LikesServerEvent, nowMs: number): readonly LikesServerAction[] {
    this.#take(event, nowMs);
    this.#stopIfDelivered();
    this.#writeNext(nowMs);
    this.#deliverer.connectNext(nowMs);
    this.#deliverer.sendNext();
    this.#counts.fetchNext(nowMs);
    return this.#actions.take();
  }

  /** The incarnation that appends. */
  get incarnation(): IncarnationId {
    return this.#outbox.current.id;
  }

  /** Whether membership allows this LikesServer to accept likes now. */
  get isAccepting(): boolean {
    return this.#membership.isAccepting;
  }

  /** All events and likes that the outbox has ever accepted. */
  get accepted(): Accepted {
    return this.#outbox.accepted;
  }

  /** The number of events that are not acknowledged yet. */
  get pendingEvents(): number {
    return this.#outbox.pendingExcept(undefined);
  }

  /**
   * Troubles of the outbox and its ledger, at most TROUBLES_MAX. The oldest come first: a ledger
   * may still take the oldest incarnation for the live one.
   */
  get troubles(): readonly ReportedTrouble[] {
    return this.#deliverer.troubles.slice(0, TROUBLES_MAX);
  }

  /** Returns what is cached of an item. Its count may be unknown, or of any age up to a day. */
  cached(itemId: string, nowMs: number): CachedCount {
    return this.#counts.cached(itemId, nowMs);
  }

  /** Returns the total of the newest answered pulse; undefined before the first. */
  total(nowMs: number): TotalView | undefined {
    return this.#shown.view(this.accepted.likes, nowMs);
  }

  #take(event: LikesServerEvent, nowMs: number): void {
    switch (event.type) {
      case "add":
        return event.adds.forEach((request) => this.#request(request, nowMs));
      case "count":
        return this.#counts.query(event.query, nowMs);
      case "counts_fetched":
        return this.#counts.onFetched(event.answer, this.#deliverer.ledgerSeen?.ledgerId, nowMs);
      case "written":
        return this.#onWritten(event.outcome, event.state, nowMs);
      case "read":
      case "received":
      case "broken":
      case "blocked":
      case "writable":
        return this.#deliverer.take(event, nowMs);
      case "stop":
        return this.#stop(event.leave);
      case "tick":
        return this.#deliverer.tick(nowMs);
      default:
        return unreachable(event);
    }
  }

  // Accepting likes.

  #request(request: AddRequest | WishRequest, nowMs: number): void {
    if (!("wish" in request)) return this.#add(request);
    const { itemId, wanted } = request.wish;
    const refusal = checkItemId(itemId) ?? checkState({ revision: 1, ...wanted });
    if (refusal !== undefined) return this.#answer(request, { type: "refused", refusal });
    this.#counts.query(this.#wishes.ask(request), nowMs);
  }

  #counted(requestId: number, outcome: CountsResult): void {
    if (!this.#wishes.has(requestId)) {
      return this.#actions.push({ type: "counted", requestId, outcome });
    }
    const decided = this.#wishes.answered(requestId, outcome);
    if (decided.type === "set") this.#add(decided.request);
    else this.#actions.push(decided);
  }

  #add(request: AddRequest): void {
    const known = knownResult(request.event, this.#counts.unapplied);
    if (known !== undefined) return this.#answer(request, known);
    const { mintFailure } = this.#writer;
    const { outboxBytesMax = OUTBOX_BYTES_MAX } = this.#options;
    const refusal =
      checkEvent(request.event) ??
      checkMembership(this.#membership, this.#options) ??
      (mintFailure && writeRefusal(mintFailure, this.#options)) ??
      checkTotal(this.#shown.pulse?.totalLikes ?? 0n) ??
      this.#adds.add(request, outboxBytesMax - this.#outbox.pendingBytes);
    if (refusal !== undefined) this.#answer(request, { type: "refused", refusal });
  }

  #answer({ requestId }: { readonly requestId: number }, outcome: AddResult | SetResult): void {
    this.#actions.push({ type: "answer", requestId, outcome });
  }

  // Writing the outbox.

  #writeNext(nowMs: number): void {
    const writing = this.#writer.next(this.#outbox, nowMs);
    if (writing !== undefined) this.#actions.push({ type: "write", writes: writing.writes });
  }

  #onWritten(outcome: WriteOutcome, state: OutboxSnapshot, nowMs: number): void {
    const writing = this.#writer.end();
    this.#noteFailure(outcome === "done" ? undefined : outcome);
    if (outcome !== "done") return this.#onWriteFailed(outcome, writing, nowMs);
    const { writes, requests } = writing;
    this.#outbox.onWritten(writes, state);
    if (this.#membership.onWritten(writes)) {
      this.#actions.notify({ type: "membership", membership: this.#membership.state });
    }
    for (const write of writes) this.#followUp(write, requests, nowMs);
  }

  #noteFailure(failure: WriteFailure | undefined): void {
    if (failure === this.#writeFailure) return;
    this.#writeFailure = failure;
    this.#actions.notify(
      failure === undefined ? { type: "store_recovered" } : { type: "store_failing", why: failure },
    );
  }

  /** Retries changes of state, and refuses likes: the client decides whether to retry. */
  #onWriteFailed(why: WriteFailure, { writes, requests }: Writing, nowMs: number): void {
    const refused = requests.length > 0 ? requests : this.#writer.retry(writes, why, nowMs);
    const refusal = writeRefusal(why, this.#options);
    for (const request of refused) this.#answer(request, { type: "refused", refusal });
  }

  /** Acts on a synced write. Another incarnation may be the next one to deliver now. */
  #followUp(write: OutboxWrite, requests: readonly AddRequest[], nowMs: number): void {
    switch (write.type) {
      case "append":
        return this.#accept(write, requests);
      case "mint":
        return this.#counts.prune();
      case "park":
        this.#actions.notify({ type: "trouble", trouble: write.trouble });
        return this.#deliverer.disconnectUnlessNext();
      case "begin_redelivery":
        this.#retained.onRedelivery();
        this.#counts.prune();
        return this.#deliverer.disconnect();
      case "close":
        this.#retained.onClosed(write.incarnation, nowMs);
        this.#counts.prune();
        return this.#deliverer.disconnectUnlessNext();
      case "unpark":
        this.#counts.prune();
        return this.#deliverer.disconnectUnlessNext();
      case "acknowledge":
      case "trim":
      case "evict":
      case "end_redelivery":
      case "membership":
        return;
      default:
        return unreachable(write);
    }
  }

  /** Acknowledges the requests whose record is synced. */
  #accept({ incarnation, record }: AppendWrite, requests: readonly AddRequest[]): void {
    const firstSequence = record.events.first;
    const events = requests.map(({ event }) => event);
    this.#counts.onAccepted(incarnation, firstSequence, events);
    for (const [index, request] of requests.entries()) {
      const sequence = firstSequence + index;
      const { change } = request.event;
      const name = { incarnation, sequence };
      if (change.kind === "set")
        this.#answer(request, { type: "stored", ...name, state: change.state });
      else this.#answer(request, { type: "accepted", ...name });
    }
    this.#actions.notify({ type: "accepted", firstSequence, events });
  }

  // Stopping.

  #stop(leave: boolean): void {
    const write = this.#membership.stop(leave, this.#deliverer.streamSeen);
    if (write !== undefined) this.#writer.change(write);
  }

  #stopIfDelivered(): void {
    if (!this.#membership.isStopping || !this.#writer.isIdle) return;
    if (!this.#membership.stopIfDelivered(this.#outbox.hasDeliverable)) return;
    this.#deliverer.disconnect();
    this.#actions.push({ type: "stopped" });
  }
}
