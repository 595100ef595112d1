/**
 * One delivery stream of a LikesServer, from connect to end. It delivers one incarnation.
 *
 *     handshake ── Welcome ──> comparing ── same digest ──> sending ── all applied ──> ending
 *                                  └──────── mismatch or redelivery ─────────────────────┘
 *
 * Each transition asserts the phase that it leaves. The deliverer decides what happens next. A
 * stream can break in any phase. Nothing here outlives it, because the next Welcome says where to
 * continue.
 */
import { assert } from "../../assert.ts";
import {
  BATCH_BYTES_MAX,
  PULSE_WAIT_MAX_MS,
  WINDOW_BATCHES_MAX,
  WINDOW_BYTES_MAX,
} from "../../limits.ts";
import type { IncarnationView } from "./outbox_view.ts";
import type { Ack, LedgerSeen, LikeBatch, Pulse, Welcome } from "../protocol/messages.ts";
import type { OutboxRead } from "./outbox.ts";
import type { Position } from "../protocol/record.ts";

/** Waits for Welcome. */
interface Handshake {
  readonly type: "handshake";
}

/** The state of every phase after Welcome. */
interface Welcomed {
  readonly welcome: Welcome;
  /** The newest version of the ledger on this stream. Never below that of `welcome`. */
  version: number;
}

/** Reads the outbox's position at the applied sequence of `welcome`. */
interface Comparing extends Welcomed {
  readonly type: "comparing";
  /** The newest pulse. It is answered once digests are compared. */
  unanswered: Pulse;
}

/** Delivers. The ledger has every event up to the incarnation's acknowledged position. */
interface Sending extends Welcomed {
  readonly type: "sending";
  /** The newest pulse, until it is answered. */
  unanswered: Pulse | undefined;
  /** The last event that was sent on this stream, or was applied before it. */
  sentSequence: number;
  /** Unacknowledged batches, oldest first. `end` increases; the newest ends at `sentSequence`. */
  readonly inFlight: { readonly end: Position; readonly bytes: number }[];
  /** Whether the outbox is being read for the next batch. */
  isReading: boolean;
}

/** A write that ends the stream is queued or under way. Nothing more is sent. */
interface Ending extends Welcomed {
  readonly type: "ending";
}

/** The phase of a stream. */
export type DeliveryPhase = Handshake | Comparing | Sending | Ending;

/**
 * Whether the ledger has admitted the outbox, and whether the stream lasts. Only a stream in
 * `sending` is admitted. A primary that refuses the outbox ends its streams before they are
 * `steady`.
 */
type Admission =
  | { readonly type: "not_admitted" }
  | { readonly type: "admitted"; readonly sinceMs: number }
  | { readonly type: "steady" };

/** A delivery stream, as its LikesServer knows it. */
export class DeliverySession {
  readonly streamId: number;
  readonly incarnation: IncarnationView;
  /** Whether the transport's buffer is full. */
  #isBlocked = false;
  #phase: DeliveryPhase = { type: "handshake" };
  #admission: Admission = { type: "not_admitted" };
  /** The pulse time of the newest pulse; 0 before the first. Never decreases. */
  #pulseMs = 0;
  /** When the newest pulse came, or the stream began, by the monotonic clock. */
  #aliveMs: number;

  /** Begins a stream that delivers `incarnation`, at the monotonic time `nowMs`. */
  constructor(streamId: number, incarnation: IncarnationView, nowMs: number) {
    this.streamId = streamId;
    this.incarnation = incarnation;
    this.#aliveMs = nowMs;
  }

  /** The current phase. Only the transitions below change it. */
  get phase(): Readonly<DeliveryPhase> {
    return this.#phase;
  }

  /** The ledger as this stream sees it; undefined before Welcome. */
  get seen(): LedgerSeen | undefined {
    if (this.#phase.type === "handshake") return undefined;
    const { welcome, version } = this.#phase;
    const { ledgerId, generation } = welcome;
    return { ledgerId, generation, version };
  }

  /** Returns true when no pulse has come for longer than PULSE_WAIT_MAX_MS. */
  isSilent(nowMs: number): boolean {
    return nowMs - this.#aliveMs > PULSE_WAIT_MAX_MS;
  }

  // Transitions.

  /** Handshake → comparing: the Welcome says where the ledger stands. */
  beginComparing(welcome: Welcome, nowMs: number): void {
    assert(this.#phase.type === "handshake", "a Welcome answers a Hello");
    const { pulse } = welcome;
    this.#phase = { type: "comparing", welcome, version: pulse.version, unanswered: pulse };
    this.#aliveMs = nowMs;
    this.#pulseMs = Math.max(this.#pulseMs, pulse.pulseMs);
  }

  /** Comparing → sending: both sides have the same events up to `position`. */
  beginSending(position: Position): void {
    assert(this.#phase.type === "comparing", "digests are compared before anything is sent");
    const { welcome, version, unanswered } = this.#phase;
    assert(position.sequence === welcome.appliedSequence, "the ledger stands at the position");
    const { incarnation } = this;
    assert(
      position.sequence >= incarnation.acknowledged.sequence,
      "the ledger has not forgotten events",
    );
    incarnation.acknowledged = position;
    const sent = { sentSequence: position.sequence, inFlight: [], isReading: false };
    this.#phase = { type: "sending", welcome, version, unanswered, ...sent };
  }

  /** Comparing or sending → ending: a write that ends the stream is queued. */
  beginEnding(): void {
    const { type } = this.#phase;
    assert(type === "comparing" || type === "sending", "a stream ends once, after its Welcome");
    const { welcome, version } = this.#phase;
    this.#phase = { type: "ending", welcome, version };
    this.incarnation.isTransitioning = true;
  }

  // Transport.

  get isBlocked(): boolean {
    return this.#isBlocked;
  }

  /** The transport's buffer is full: the next message waits for `onWritable`. */
  onBlocked(): void {
    this.#isBlocked = true;
  }

  onWritable(): void {
    this.#isBlocked = false;
  }

  // Messages.

  /** Takes a pulse. Returns false, and changes nothing, when its time does not increase. */
  onPulse(pulse: Pulse, nowMs: number): boolean {
    if (pulse.pulseMs <= this.#pulseMs) return false;
    this.#pulseMs = pulse.pulseMs;
    this.#aliveMs = nowMs;
    const phase = this.#phase;
    if (phase.type === "handshake") return true;
    phase.version = Math.max(phase.version, pulse.version);
    if (phase.type !== "ending") phase.unanswered = pulse;
    return true;
  }

  /**
   * In `sending`: takes an Ack. Returns false, and changes nothing, when it acknowledges an unsent
   * sequence.
   */
  onAck(ack: Ack, nowMs: number): boolean {
    const phase = this.#sending();
    if (!this.#acknowledgeUpTo(phase, ack.appliedSequence)) return false;
    phase.version = Math.max(phase.version, ack.version);
    if (ack.admitted && this.#admission.type === "not_admitted") {
      this.#admission = { type: "admitted", sinceMs: nowMs };
    }
    return true;
  }

  #acknowledgeUpTo({ inFlight }: Sending, sequence: number): boolean {
    const { incarnation } = this;
    const index = inFlight.findIndex(({ end }) => end.sequence === sequence);
    const batch = inFlight[index];
    if (batch === undefined) return incarnation.acknowledged.sequence === sequence;
    incarnation.acknowledged = batch.end;
    inFlight.splice(0, index + 1);
    return true;
  }

  /** Takes the pulse to answer now; undefined when no report may be sent. */
  takeUnanswered(): Pulse | undefined {
    if (this.#phase.type !== "sending" || this.#isBlocked) return undefined;
    const { unanswered } = this.#phase;
    this.#phase.unanswered = undefined;
    return unanswered;
  }

  /**
   * Returns the Welcome once, when the stream becomes steady. Without a failure before, an admitted
   * stream is steady. After a failure, the ledger must also have committed since, or the stream
   * must have lasted. A ledger with a full disk admits a known member, and refuses it at the next
   * commit.
   */
  becomeSteady(nowMs: number, hasFailed: boolean): Welcome | undefined {
    if (this.#admission.type !== "admitted") return undefined;
    assert(this.#phase.type !== "handshake", "a stream is admitted after its Welcome");
    const { welcome, version } = this.#phase;
    const hasLasted = nowMs - this.#admission.sinceMs >= PULSE_WAIT_MAX_MS;
    if (hasFailed && version <= welcome.pulse.version && !hasLasted) return undefined;
    this.#admission = { type: "steady" };
    return welcome;
  }

  // The window.

  /** In `sending`: the most bytes of the next batch; 0 when the window is full. */
  get windowBytes(): number {
    const { inFlight } = this.#sending();
    if (inFlight.length >= WINDOW_BATCHES_MAX) return 0;
    const bytes = inFlight.reduce((sum, batch) => sum + batch.bytes, 0);
    return Math.min(BATCH_BYTES_MAX, Math.max(0, WINDOW_BYTES_MAX - bytes));
  }

  /** In `sending`: a read for the next batch begins. `enqueue` takes its result. */
  beginReading(): void {
    const phase = this.#sending();
    assert(!phase.isReading, "one batch is read at a time");
    phase.isReading = true;
  }

  /**
   * In `sending`: puts the records of a read in flight. Returns their batch; undefined when the
   * events are removed.
   */
  enqueue({ end, records }: OutboxRead): LikeBatch | undefined {
    const phase = this.#sending();
    assert(phase.isReading, "a batch is enqueued after its read");
    phase.isReading = false;
    const [first] = records;
    if (end === undefined || first === undefined) return undefined;
    assert(first.events.first === phase.sentSequence + 1, "a batch follows the one before it");
    const bytes = records.reduce((sum, record) => sum + record.bytes.length, 0);
    phase.inFlight.push({ end, bytes });
    phase.sentSequence = end.sequence;
    return {
      type: "batch",
      incarnation: this.incarnation.id,
      events: { first: first.events.first, last: end.sequence },
      records,
      digest: end.digest,
    };
  }

  #sending(): Sending {
    assert(this.#phase.type === "sending", "the stream sends");
    return this.#phase;
  }
}
