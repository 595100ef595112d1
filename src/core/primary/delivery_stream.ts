/**
 * One delivery stream, as the primary knows it.
 *
 * A stream goes through named phases, and never back:
 *
 *     opened ── Hello ──> handshake ── Welcome ──> welcomed ── report committed ──> reporting
 *
 * Only the methods below change the phase, and each transition asserts the phase that it leaves. A
 * peer that breaks the order of messages is no bug of the primary: `checkMessage` detects that
 * before any transition. What is due on the transport is independent of the phase.
 */
import { assert, unreachable } from "../../assert.ts";
import { FOREIGN_FAULTS } from "../../errors.ts";
import type { Refusal } from "../../errors.ts";
import { HELLO_WAIT_MAX_MS, MEMBER_SILENT_MS, REPORT_WAIT_MAX_MS } from "../../limits.ts";
import type { IncarnationRow } from "../ledger/rows.ts";
import type { LedgerResult } from "../ledger/ledger_command.ts";
import type { Ack, FromLikesServer, Hello, Pulse } from "../protocol/messages.ts";
import type { IncarnationId } from "../protocol/ids.ts";
import type { PrimaryNotice } from "./primary_events.ts";
import { invalidMessage, silentPeer } from "./stream_refusals.ts";
import { UnansweredPulses } from "./unanswered_pulses.ts";

/** The stream is open, and waits for a Hello. */
interface Opened {
  readonly type: "opened";
  /** When the stream was opened, by the monotonic clock. */
  readonly sinceMs: number;
}

/** The Hello waits for the ledger. The peer must send nothing before the Welcome. */
interface Handshake {
  readonly type: "handshake";
  readonly hello: Hello;
}

/** The state of a stream after its Welcome. */
interface Delivery {
  readonly hello: Hello;
  /**
   * When the newest report was received; before the first, when the Welcome was sent. Never
   * decreases.
   */
  readonly lastReportMs: number;
  readonly pulses: UnansweredPulses;
  /** The applied sequence of the incarnation, as of the newest result. Never decreases. */
  readonly appliedSequence: number;
}

/**
 * No report of this stream is committed. Batches may be applied nevertheless: an earlier stream may
 * have opened the incarnation.
 */
interface Welcomed extends Delivery {
  readonly type: "welcomed";
}

/** A report of this stream is committed. The fields below are the result of the newest one. */
interface Reporting extends Delivery {
  readonly type: "reporting";
  /** Whether the outbox is a member of the ledger, or has left it. */
  readonly membership: "admitted" | "left";
  /** Whether the incarnation is final and applied to its last event. */
  readonly isClosed: boolean;
  /** Incarnations in the report's troubles whose trouble is over. */
  readonly resolved: readonly IncarnationId[];
  /** Whether the notice `connected` was returned. Never becomes false again. */
  readonly isAnnounced: boolean;
}

/** The result of a committed report. */
type ReportedResult = Pick<
  Extract<LedgerResult, { readonly type: "reported" }>,
  "incarnation" | "left" | "resolved"
>;

type Phase = Opened | Handshake | Welcomed | Reporting;

/**
 * What is due to be sent. Between two events, something is due only while the transport is blocked.
 */
interface Due {
  readonly ack: boolean;
  readonly pulse: boolean;
}

const NOTHING_DUE: Due = { ack: false, pulse: false };

/** A delivery stream, from its opening to its end. */
export class DeliveryStream {
  readonly id: number;
  #phase: Phase;
  /** Whether the transport's buffer has room. */
  #outgoing: "writable" | "blocked" = "writable";
  #due: Due = NOTHING_DUE;

  constructor(id: number, nowMs: number) {
    this.id = id;
    this.#phase = { type: "opened", sinceMs: nowMs };
  }

  /** Undefined before the Hello. */
  get hello(): Hello | undefined {
    return this.#phase.type === "opened" ? undefined : this.#phase.hello;
  }

  /** The Hello of this stream's sender. Asserts that there is one. */
  get sender(): Hello {
    assert(this.#phase.type !== "opened", "the stream has a Hello");
    return this.#phase.hello;
  }

  /**
   * Returns true when the stream got its Welcome or its newest report within MEMBER_SILENT_MS.
   */
  isStreaming(nowMs: number): boolean {
    const delivery = this.#deliveryIfAny();
    return delivery !== undefined && nowMs - delivery.lastReportMs <= MEMBER_SILENT_MS;
  }

  /** Returns why the peer must not send `message` now; undefined when it may. */
  checkMessage(message: FromLikesServer): Refusal | undefined {
    if (message.type === "hello") {
      if (this.#phase.type === "opened") return undefined;
      return invalidMessage("Cannot take a second Hello on one stream");
    }
    const delivery = this.#deliveryIfAny();
    if (delivery === undefined) return invalidMessage("Cannot take a message before the Welcome");
    if (message.incarnation !== delivery.hello.incarnation) {
      return invalidMessage(
        `Cannot take a message of incarnation ${message.incarnation} on this stream`,
      );
    }
    if (message.type === "report" && !delivery.pulses.has(message.pulseMs)) {
      const why = "it is not an unanswered pulse of this stream";
      return invalidMessage(`Cannot take a report for pulse time ${message.pulseMs}: ${why}`);
    }
    return undefined;
  }

  /** Returns the refusal when the peer has missed its deadline; undefined while it has time. */
  checkDeadline(nowMs: number): Refusal | undefined {
    const phase = this.#phase;
    switch (phase.type) {
      case "opened":
        if (nowMs - phase.sinceMs <= HELLO_WAIT_MAX_MS) return undefined;
        return silentPeer("a Hello", HELLO_WAIT_MAX_MS);
      case "handshake":
        return undefined; // the stream waits for the ledger, not for the peer
      case "welcomed":
      case "reporting":
        if (nowMs - phase.lastReportMs <= REPORT_WAIT_MAX_MS) return undefined;
        return silentPeer("a Report", REPORT_WAIT_MAX_MS);
      default:
        return unreachable(phase);
    }
  }

  /** Returns the notice of the stream's end, if any. `refusal` is why the primary ends it. */
  noticeOfEnd(refusal: Refusal | undefined): PrimaryNotice | undefined {
    const phase = this.#phase;
    switch (phase.type) {
      case "opened":
        return refusal && { type: "ended", reason: refusal.message };
      case "handshake":
        // The notice `foreign_server` names a LikesServer that does not belong to the ledger.
        if (refusal === undefined || FOREIGN_FAULTS.has(refusal.code)) return undefined;
        return { type: "disconnected", hello: phase.hello, reason: refusal.message };
      case "welcomed":
      case "reporting": {
        const reason = refusal?.message ?? "the connection ended";
        return { type: "disconnected", hello: phase.hello, reason };
      }
      default:
        return unreachable(phase);
    }
  }

  // Transitions.

  /** Opened → handshake. */
  receiveHello(hello: Hello): void {
    assert(this.#phase.type === "opened", "the Hello is the first message of a stream");
    this.#phase = { type: "handshake", hello };
  }

  /** Handshake → welcomed. The Welcome is sent at once and carries the first pulse. */
  welcome(appliedSequence: number, { pulseMs }: Pulse, nowMs: number): void {
    assert(this.#phase.type === "handshake", "a Welcome answers a Hello");
    const { hello } = this.#phase;
    const pulses = new UnansweredPulses();
    pulses.add({ pulseMs, sentMs: nowMs });
    this.#phase = { type: "welcomed", hello, lastReportMs: nowMs, pulses, appliedSequence };
  }

  /** Takes a report. Returns when the pulse that it answers was sent, by the monotonic clock. */
  receiveReport(pulseMs: number, nowMs: number): number {
    const delivery = this.#delivery();
    assert(nowMs >= delivery.lastReportMs, "the monotonic clock does not go back");
    this.#phase = { ...delivery, lastReportMs: nowMs };
    return delivery.pulses.answer(pulseMs);
  }

  /** Welcomed or reporting → reporting. An Ack is due if it has news. */
  commitReport({ incarnation, left, resolved }: ReportedResult): void {
    this.#applyUpTo(incarnation);
    const before = this.#delivery();
    const isClosed = incarnation.state === "closed";
    const membership = left ? "left" : "admitted";
    const isAnnounced = before.type === "reporting" && before.isAnnounced;
    this.#phase = { ...before, type: "reporting", membership, isClosed, resolved, isAnnounced };
    const isNews =
      before.type === "welcomed" ||
      isClosed !== before.isClosed ||
      membership !== before.membership ||
      resolved.length > 0;
    if (isNews) this.#due = { ...this.#due, ack: true };
  }

  /** A batch was applied, or is a duplicate. An Ack is due either way. */
  commitBatch(incarnation: IncarnationRow): void {
    this.#applyUpTo(incarnation);
    this.#due = { ...this.#due, ack: true };
  }

  /** Returns the notice `connected`, once a report of this stream is committed, and only once. */
  announce(): PrimaryNotice | undefined {
    const phase = this.#phase;
    if (phase.type !== "reporting" || phase.isAnnounced) return undefined;
    this.#phase = { ...phase, isAnnounced: true };
    const { hello, appliedSequence } = phase;
    return { type: "connected", hello, appliedSequence };
  }

  // What is due on the transport.

  /** The transport's buffer is full. */
  block(): void {
    const isNothingDue = !this.#due.ack && !this.#due.pulse;
    assert(this.#outgoing === "blocked" || isNothingDue, "nothing is due on a writable stream");
    this.#outgoing = "blocked";
  }

  /** The transport has drained. The caller sends what became due meanwhile. */
  unblock(): void {
    this.#outgoing = "writable";
  }

  get isAckDue(): boolean {
    return this.#due.ack;
  }

  get isPulseDue(): boolean {
    return this.#due.pulse;
  }

  /** Takes the Ack to send now, if any. `version` is that of the newest commit. */
  takeAck(version: number): Ack | undefined {
    if (!this.#due.ack || this.#outgoing === "blocked") return undefined;
    this.#due = { ...this.#due, ack: false };
    const phase = this.#delivery();
    const { hello, appliedSequence } = phase;
    const known = {
      type: "ack",
      incarnation: hello.incarnation,
      appliedSequence,
      version,
    } as const;
    if (phase.type === "welcomed") {
      return { ...known, closed: false, admitted: false, left: false, resolved: [] };
    }
    const { membership, isClosed, resolved } = phase;
    const left = membership === "left";
    return { ...known, closed: isClosed, admitted: !left, left, resolved };
  }

  /**
   * Returns `pulse` if it is to be sent now. A blocked stream gets the newest pulse once the
   * transport has drained. A stream without a Welcome gets none.
   */
  takePulse(pulse: Pulse, nowMs: number): Pulse | undefined {
    const delivery = this.#deliveryIfAny();
    if (delivery === undefined) return undefined;
    const isBlocked = this.#outgoing === "blocked";
    this.#due = { ...this.#due, pulse: isBlocked };
    if (isBlocked || delivery.pulses.isFull) return undefined;
    delivery.pulses.add({ pulseMs: pulse.pulseMs, sentMs: nowMs });
    return pulse;
  }

  #applyUpTo({ appliedSequence }: IncarnationRow): void {
    const delivery = this.#delivery();
    assert(appliedSequence >= delivery.appliedSequence, "an applied sequence never decreases");
    this.#phase = { ...delivery, appliedSequence };
  }

  #delivery(): Welcomed | Reporting {
    const delivery = this.#deliveryIfAny();
    assert(delivery !== undefined, "the stream has its Welcome");
    return delivery;
  }

  #deliveryIfAny(): Welcomed | Reporting | undefined {
    const phase = this.#phase;
    return phase.type === "opened" || phase.type === "handshake" ? undefined : phase;
  }
}
