/**
 * Delivers the outbox to the primary, on one stream after another. A stream delivers the oldest
 * incarnation that is neither closed nor parked; the appending one comes last.
 *
 * Batches are read from the outbox, so nothing is sent before it is synced. Welcome tells each
 * stream where the ledger stands, so only the ledger last seen is kept between streams.
 */
import { assert, unreachable } from "../../assert.ts";
import {
  BATCH_RECORDS_MAX,
  PROTOCOL_VERSION,
  PULSE_WAIT_MAX_MS,
  TROUBLES_MAX,
} from "../../limits.ts";
import type { ActionList } from "./action_list.ts";
import { ConnectAttempts } from "./connect_attempts.ts";
import type { CountQueries } from "./count_queries.ts";
import { DeliverySession } from "./delivery_session.ts";
import type { LikesServerSettings, StreamEvent } from "./likes_server_events.ts";
import type { OutboxMembership } from "./membership.ts";
import { mismatchAtPosition, mismatchAtWelcome } from "./mismatch.ts";
import type { OutboxRead, OutboxWrite } from "./outbox.ts";
import type { IncarnationView, OutboxView } from "./outbox_view.ts";
import type { OutboxWriter } from "./outbox_writer.ts";
import type { Redelivery } from "./redelivery.ts";
import type { RetainedEvents } from "./retention.ts";
import type { ShownTotal } from "./shown_total.ts";
import type {
  Ack,
  FromLikesServer,
  FromPrimary,
  LedgerSeen,
  Pulse,
  ReportedTrouble,
  Welcome,
} from "../protocol/messages.ts";
import type { IncarnationId } from "../protocol/ids.ts";

/** The parts of a LikesServer that delivery reads and changes. */
export interface DelivererParts {
  readonly options: LikesServerSettings;
  readonly actions: ActionList;
  readonly outbox: OutboxView;
  readonly writer: OutboxWriter;
  readonly membership: OutboxMembership;
  readonly retained: RetainedEvents;
  readonly redelivery: Redelivery;
  readonly counts: CountQueries;
  readonly shown: ShownTotal;
}

/** Connects to the primary, and delivers for as long as a stream lasts. */
export class Deliverer {
  readonly #parts: DelivererParts;
  readonly #attempts: ConnectAttempts;
  #session: DeliverySession | undefined;
  /** The number of streams so far, and the id of the newest one. */
  #streams = 0;
  /** The ledger as the last stream with a Welcome saw it. May be newer than on the disk. */
  #lastSeen: LedgerSeen | undefined;

  constructor(parts: DelivererParts) {
    this.#parts = parts;
    this.#attempts = new ConnectAttempts(parts.options.random);
  }

  /** The ledger as the current stream sees it; undefined without a stream or before its Welcome. */
  get streamSeen(): LedgerSeen | undefined {
    return this.#session?.seen;
  }

  /**
   * The outbox's ledger as it was last seen, even if the disk does not have that yet. Undefined for
   * an outbox that belongs to no ledger: it may join any.
   */
  get ledgerSeen(): LedgerSeen | undefined {
    const { outbox, membership } = this.#parts;
    const belongs = outbox.seen !== undefined || membership.isJoining;
    return belongs ? (this.#lastSeen ?? outbox.seen) : undefined;
  }

  /** All troubles: that of the ledger, then those of the outbox, oldest first. */
  get troubles(): readonly ReportedTrouble[] {
    const { outbox, redelivery } = this.#parts;
    const ofLedger = redelivery.trouble === undefined ? [] : [redelivery.trouble];
    return [...ofLedger, ...outbox.troubles];
  }

  /** Handles an event of a stream. Ignores events of older streams. */
  take(event: StreamEvent, nowMs: number): void {
    const session = this.#session;
    if (session?.streamId !== event.streamId) return;
    switch (event.type) {
      case "read":
        return this.#onRead(session, event.read, nowMs);
      case "received":
        return this.#onMessage(session, event.message, nowMs);
      case "broken":
        return this.#break(event.reason, nowMs);
      case "blocked":
        return session.onBlocked();
      case "writable":
        session.onWritable();
        return this.#report(session);
      default:
        return unreachable(event);
    }
  }

  /** Checks whether the stream has lasted, and whether the primary is silent. */
  tick(nowMs: number): void {
    const session = this.#session;
    if (session === undefined) return;
    this.#noteSteady(session, nowMs);
    if (!session.isSilent(nowMs)) return;
    this.#break(`no pulse from the primary for ${PULSE_WAIT_MAX_MS} ms`, nowMs);
  }

  // Connecting.

  /** Begins a stream if there is none, backoff allows it, and an incarnation is to be delivered. */
  connectNext(nowMs: number): void {
    const { outbox, membership, options, actions, redelivery } = this.#parts;
    if (this.#session !== undefined || !membership.isDelivering) return;
    const incarnation = outbox.next;
    if (incarnation === undefined || !this.#attempts.mayConnect(nowMs)) return;
    const streamId = ++this.#streams;
    this.#session = new DeliverySession(streamId, incarnation, nowMs);
    actions.push({ type: "connect", streamId });
    this.#send(this.#session, {
      type: "hello",
      protocolVersion: PROTOCOL_VERSION,
      serverId: options.serverId,
      address: options.address,
      outboxId: outbox.outboxId,
      incarnation: incarnation.id,
      acknowledgedSequence: redelivery.claimedSequence(incarnation),
      seen: this.ledgerSeen,
      fingerprint: options.fingerprint,
    });
  }

  /** Ends the stream on purpose. The next one may begin without a pause. */
  disconnect(): void {
    if (this.#session === undefined) return;
    const { streamId, seen } = this.#session;
    this.#parts.actions.push({ type: "disconnect", streamId });
    this.#lastSeen = seen ?? this.#lastSeen;
    this.#session = undefined;
  }

  /** Ends the stream unless it delivers the next incarnation. */
  disconnectUnlessNext(): void {
    if (this.#session?.incarnation !== this.#parts.outbox.next) this.disconnect();
  }

  #break(reason: string, nowMs: number): void {
    this.disconnect();
    this.#attempts.failed(nowMs);
    const { failures: attempts } = this.#attempts;
    this.#parts.actions.notify({ type: "disconnected", reason, attempts });
  }

  #send({ streamId }: DeliverySession, message: FromLikesServer): void {
    this.#parts.actions.push({ type: "send", streamId, message });
  }

  #noteSteady(session: DeliverySession, nowMs: number): void {
    const welcome = session.becomeSteady(nowMs, this.#attempts.failures > 0);
    if (welcome === undefined) return;
    this.#attempts.succeeded();
    const { appliedSequence } = welcome;
    const { id: incarnation } = session.incarnation;
    this.#parts.actions.notify({ type: "connected", incarnation, appliedSequence });
  }

  // Finding where to continue.

  #onMessage(session: DeliverySession, message: FromPrimary, nowMs: number): void {
    switch (message.type) {
      case "welcome":
        return this.#onWelcome(session, message, nowMs);
      case "ack":
        return this.#onAck(session, message, nowMs);
      case "pulse":
        // Pulse times increase: a pulse whose time does not is old, whatever the transport did.
        if (!session.onPulse(message, nowMs)) return;
        this.#noteSteady(session, nowMs);
        return this.#answerPulse(session, nowMs);
      default:
        return unreachable(message);
    }
  }

  #onWelcome(session: DeliverySession, welcome: Welcome, nowMs: number): void {
    if (session.phase.type !== "handshake") return this.#break("a second Welcome", nowMs);
    session.beginComparing(welcome, nowMs);
    const { incarnation } = session;
    if (this.#parts.redelivery.isLedgerBehind(incarnation, welcome)) {
      return this.#redeliver(session, welcome);
    }
    const trouble = mismatchAtWelcome(incarnation, welcome);
    if (trouble !== undefined) return this.#park(session, trouble, nowMs);
    this.#read(session, welcome.appliedSequence, { bytesMax: 0, recordsMax: 1 });
  }

  /**
   * Delivers everything again, oldest first. Sends no report on this stream. While older
   * incarnations are open in the ledger, a report of the appending one looks like a second copy.
   */
  #redeliver(session: DeliverySession, { ledgerId, generation, pulse }: Welcome): void {
    const { redelivery, writer, actions } = this.#parts;
    actions.notify({ type: "trouble", trouble: redelivery.begin(session.incarnation) });
    writer.cancelAcknowledgements();
    const seen = { ledgerId, generation, version: pulse.version };
    this.#end(session, [{ type: "begin_redelivery", seen }]);
  }

  /**
   * Parks an incarnation until an operator decides. Replaces the appending one, so that likes are
   * still accepted.
   */
  #park(session: DeliverySession, trouble: ReportedTrouble, nowMs: number): void {
    const { outbox, writer, options } = this.#parts;
    const { incarnation } = session;
    this.#end(session, [{ type: "park", incarnation: incarnation.id, trouble }]);
    // Backs off: a ledger that always disagrees must not cause an incarnation each round trip.
    this.#attempts.failed(nowMs);
    if (incarnation !== outbox.current) return;
    writer.change({ type: "mint", incarnation: options.mintId() });
  }

  /** Ends the delivery of an incarnation with `writes`. The stream ends once they are synced. */
  #end(session: DeliverySession, writes: readonly OutboxWrite[]): void {
    session.beginEnding();
    this.#parts.writer.change(...writes);
  }

  #onRead(session: DeliverySession, read: OutboxRead, nowMs: number): void {
    const { phase } = session;
    switch (phase.type) {
      case "comparing": {
        const { position } = read;
        const trouble = mismatchAtPosition(session.incarnation, phase.welcome, position);
        if (trouble !== undefined) return this.#park(session, trouble, nowMs);
        assert(position !== undefined, "a missing position is a mismatch");
        session.beginSending(position);
        return this.#answerPulse(session, nowMs);
      }
      case "sending": {
        const batch = session.enqueue(read);
        if (batch !== undefined) return this.#send(session, batch);
        return this.#break("the ledger lacks events that were just removed", nowMs);
      }
      case "handshake":
      case "ending":
        return;
      default:
        return unreachable(phase);
    }
  }

  // Sending.

  /** Reads the next batch from the outbox if the window has room. */
  sendNext(): void {
    const session = this.#session;
    if (session?.phase.type !== "sending" || session.phase.isReading || session.isBlocked) return;
    const { sentSequence } = session.phase;
    const bytesMax = session.windowBytes;
    if (bytesMax === 0 || sentSequence >= session.incarnation.stored.last.sequence) return;
    session.beginReading();
    this.#read(session, sentSequence, { bytesMax, recordsMax: BATCH_RECORDS_MAX });
  }

  #read(
    { streamId, incarnation }: DeliverySession,
    sequence: number,
    bounds: { readonly bytesMax: number; readonly recordsMax: number },
  ): void {
    const after = { incarnation: incarnation.id, sequence };
    this.#parts.actions.push({ type: "read", streamId, ...after, ...bounds });
  }

  #onAck(session: DeliverySession, ack: Ack, nowMs: number): void {
    const { incarnation, phase } = session;
    if (phase.type !== "sending" || ack.incarnation !== incarnation.id) return;
    if (!session.onAck(ack, nowMs)) {
      const reason = `#${ack.appliedSequence} was acknowledged, but not sent on this stream`;
      return this.#break(reason, nowMs);
    }
    this.#noteSteady(session, nowMs);
    this.#parts.redelivery.onAck(ack);
    this.#parts.counts.prune();
    this.#applyResolutions(ack.resolved);
    if (ack.admitted) this.#join();
    if (ack.closed && this.#isFinal(incarnation)) this.#close(session, ack);
  }

  #join(): void {
    const { membership, writer, options } = this.#parts;
    const write = membership.join(this.streamSeen, options.fingerprint);
    if (write !== undefined) writer.change(write);
  }

  /** Ends the parking that an operator decided: events after a gap are delivered, others closed. */
  #applyResolutions(resolved: readonly IncarnationId[]): void {
    const { outbox, writer } = this.#parts;
    for (const incarnation of resolved) {
      const found = outbox.find(incarnation);
      if (found?.stored.parked === undefined || found.isTransitioning) continue;
      const type = found.stored.parked.kind === "gap" ? "unpark" : "close";
      found.isTransitioning = true;
      writer.change({ type, incarnation });
    }
  }

  /**
   * Closes an incarnation that is applied to its last event. The appending one closes when the
   * outbox has left.
   */
  #close(session: DeliverySession, ack: Ack): void {
    const { outbox, writer, membership, retained } = this.#parts;
    const { incarnation } = session;
    const isCurrent = incarnation === outbox.current;
    if (incarnation.stored.last.sequence !== ack.appliedSequence) return;
    if (isCurrent && !ack.left) return;
    this.#endRedelivery(session);
    const seen = this.streamSeen;
    this.#end(session, retained.closingWrites(incarnation, seen));
    if (isCurrent) writer.change(membership.left(seen));
  }

  /** Returns true when nothing will ever be appended to `incarnation` again. */
  #isFinal(incarnation: IncarnationView): boolean {
    const { outbox, membership, writer } = this.#parts;
    if (incarnation !== outbox.current) return true;
    return membership.state === "leaving" && !writer.isAppending;
  }

  // Pulses.

  /** Shows the newest pulse, answers it, and stores what was acknowledged. */
  #answerPulse(session: DeliverySession, nowMs: number): void {
    const { phase, incarnation } = session;
    if (phase.type !== "sending" || phase.unanswered === undefined) return;
    this.#endRedelivery(session);
    const { unanswered: pulse } = phase;
    const { actions, shown, outbox, retained } = this.#parts;
    if (!shown.isAt(pulse)) actions.notify({ type: "ledger_changed", pulse });
    shown.show(pulse, outbox.countedLikes, nowMs);
    this.#report(session);
    retained.flush(incarnation, this.streamSeen, nowMs);
  }

  /** Records the end of a redelivery, once the ledger has everything again. */
  #endRedelivery({ incarnation }: DeliverySession): void {
    const { redelivery, writer } = this.#parts;
    if (redelivery.endIfDone(incarnation)) writer.change({ type: "end_redelivery" });
  }

  /** Answers the newest pulse. While the transport is blocked a later report will do so. */
  #report(session: DeliverySession): void {
    const { membership } = this.#parts;
    if (!membership.mayReport) return;
    const pulse = session.takeUnanswered();
    if (pulse === undefined) return;
    membership.reported();
    this.#send(session, this.#reportOf(session.incarnation, pulse));
  }

  #reportOf(incarnation: IncarnationView, { pulseMs }: Pulse): FromLikesServer {
    const { outbox, shown } = this.#parts;
    const { troubles } = this;
    const isFinal = this.#isFinal(incarnation);
    // as_of must not pass an unreported trouble, so troubles beyond the bound count as pending.
    const unreported = Math.max(0, troubles.length - TROUBLES_MAX);
    return {
      type: "report",
      incarnation: incarnation.id,
      pulseMs,
      lastSequence: incarnation.stored.last.sequence,
      acceptedLikes: outbox.accepted.likes,
      acknowledgedEvents: outbox.acknowledgedEvents,
      final: isFinal,
      leaving: isFinal && incarnation === outbox.current,
      otherPendingEvents: outbox.pendingExcept(incarnation) + unreported,
      shownVersion: shown.pulse?.version ?? 0,
      shownTotalLikes: shown.pulse?.totalLikes ?? 0n,
      troubles: troubles.slice(0, TROUBLES_MAX),
    };
  }
}
