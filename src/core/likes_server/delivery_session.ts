/**
 * One delivery stream of a LikesServer, from its connect to its end. It delivers one incarnation.
 *
 *     handshake ── Welcome ──> comparing ── same digest ──> sending ── all applied ──> ending
 *                                  └──────── cannot go on from there ────────────────────┘
 *
 * Each transition asserts the phase that it leaves. The deliverer decides what happens next. A stream
 * can break in any phase, and nothing here outlives it: the next Welcome says where to go on.
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
  readonly name: "handshake";
}

/** What is known from Welcome on. */
interface Welcomed {
  readonly welcome: Welcome;
  /**
   * The newest version of the ledger that this stream told of. Never below the one of `welcome`.
   */
  version: number;
}

/** Reads the digest at the applied sequence of `welcome`. */
interface Comparing extends Welcomed {
  readonly name: "comparing";
  /** The newest pulse. It is answered once the stream sends. */
  unanswered: Pulse;
}

/** Delivers. Everything up to the acknowledged position is in the ledger. */
interface Sending extends Welcomed {
  readonly name: "sending";
  /** The newest pulse that is not answered yet. */
  unanswered: Pulse | undefined;
  /** The last event that was sent, or was applied before. Ends the newest batch in flight. */
  sentSequence: number;
  /** The batches that are not acknowledged, oldest first: where each ends, and its bytes. */
  readonly inFlight: { readonly end: Position; readonly bytes: number }[];
  /** Whether the outbox is being read for the next batch. */
  isReading: boolean;
}

/** A write is on its way that ends the stream. Nothing more is sent. */
interface Ending extends Welcomed {
  readonly name: "ending";
}

/** Where a stream stands. */
export type DeliveryPhase = Handshake | Comparing | Sending | Ending;

/**
 * Whether the ledger has admitted the outbox, and whether that lasts. Only a stream that sends is
 * admitted. What refuses an outbox ends its streams before they are `steady`.
 */
type Admission =
  | { readonly type: "awaited" }
  | { readonly type: "admitted"; readonly sinceMs: number }
  | { readonly type: "steady" };

/** A stream, as its LikesServer knows it. */
export class DeliverySession {
  readonly streamId: number;
  readonly incarnation: IncarnationView;
  /** Whether the transport takes nothing more for now. */
  isBlocked = false;
  #phase: DeliveryPhase = { name: "handshake" };
  #admission: Admission = { type: "awaited" };
  /** The label of the newest pulse; 0 before the first. Labels only increase. */
  #pulseMs = 0;
  /** When the primary last gave a sign of life, or the stream began. */
  #aliveMs: number;

  /** Begins a stream that delivers `incarnation`, at the monotonic time `nowMs`. */
  constructor(streamId: number, incarnation: IncarnationView, nowMs: number) {
    this.streamId = streamId;
    this.incarnation = incarnation;
    this.#aliveMs = nowMs;
  }

  /** Changed by the transitions below alone. */
  get phase(): Readonly<DeliveryPhase> {
    return this.#phase;
  }

  /** The ledger as this stream sees it; undefined before Welcome. */
  get seen(): LedgerSeen | undefined {
    if (this.#phase.name === "handshake") return undefined;
    const { welcome, version } = this.#phase;
    const { ledgerId, generation } = welcome;
    return { ledgerId, generation, version };
  }

  /** Whether the primary has been silent for longer than a live one is. */
  isSilent(nowMs: number): boolean {
    return nowMs - this.#aliveMs > PULSE_WAIT_MAX_MS;
  }

  // Transitions.

  /** From `handshake`: the primary said where the ledger stands. */
  beginComparing(welcome: Welcome, nowMs: number): void {
    assert(this.#phase.name === "handshake", "a Welcome answers a Hello");
    const { pulse } = welcome;
    this.#phase = { name: "comparing", welcome, version: pulse.version, unanswered: pulse };
    this.#aliveMs = nowMs;
    this.#pulseMs = Math.max(this.#pulseMs, pulse.pulseMs);
  }

  /** From `comparing`: both sides have the same events up to `position`. */
  beginSending(position: Position): void {
    assert(this.#phase.name === "comparing", "digests are compared before anything is sent");
    const { welcome, version, unanswered } = this.#phase;
    assert(position.sequence === welcome.appliedSequence, "the ledger stands at the position");
    const { incarnation } = this;
    assert(position.sequence >= incarnation.acknowledged.sequence, "nothing is forgotten");
    incarnation.acknowledged = position;
    const sent = { sentSequence: position.sequence, inFlight: [], isReading: false };
    this.#phase = { name: "sending", welcome, version, unanswered, ...sent };
  }

  /** From `comparing` or `sending`: a write is queued that ends the stream. */
  beginEnding(): void {
    const { name } = this.#phase;
    assert(name === "comparing" || name === "sending", "a stream ends once, after its Welcome");
    const { welcome, version } = this.#phase;
    this.#phase = { name: "ending", welcome, version };
    this.incarnation.isTransitioning = true;
  }

  // Messages.

  /**
   * Takes a pulse. Returns false, and takes nothing, when it is older than one that came before.
   */
  onPulse(pulse: Pulse, nowMs: number): boolean {
    if (pulse.pulseMs <= this.#pulseMs) return false;
    this.#pulseMs = pulse.pulseMs;
    this.#aliveMs = nowMs;
    const phase = this.#phase;
    if (phase.name === "handshake") return true;
    phase.version = Math.max(phase.version, pulse.version);
    if (phase.name !== "ending") phase.unanswered = pulse;
    return true;
  }

  /**
   * In `sending`: takes an Ack. Returns false, and takes nothing, when it is of what was not sent
   * here.
   */
  onAck(ack: Ack, nowMs: number): boolean {
    const phase = this.#sending();
    if (!this.#acknowledgeUpTo(phase, ack.appliedSequence)) return false;
    phase.version = Math.max(phase.version, ack.version);
    if (ack.admitted && this.#admission.type === "awaited") {
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

  /** Takes the pulse that a report is to answer now; undefined when none may be sent. */
  takeUnanswered(): Pulse | undefined {
    if (this.#phase.name !== "sending" || this.isBlocked) return undefined;
    const { unanswered } = this.#phase;
    this.#phase.unanswered = undefined;
    return unanswered;
  }

  /**
   * Returns the Welcome once, when the stream is found to last. Being admitted is enough unless
   * attempts failed before. A ledger whose disk is full admits a member that it knows, and refuses
   * it at the next commit. So after a failure the ledger has to have been written since, or the
   * stream to have lasted.
   */
  becomeSteady(nowMs: number, hasFailed: boolean): Welcome | undefined {
    if (this.#admission.type !== "admitted") return undefined;
    assert(this.#phase.name !== "handshake", "a stream is admitted after its Welcome");
    const { welcome, version } = this.#phase;
    const hasLasted = nowMs - this.#admission.sinceMs >= PULSE_WAIT_MAX_MS;
    if (hasFailed && version <= welcome.pulse.version && !hasLasted) return undefined;
    this.#admission = { type: "steady" };
    return welcome;
  }

  // The window.

  /** In `sending`: bytes that one more batch may have; 0 when the window is full. */
  get windowBytes(): number {
    const { inFlight } = this.#sending();
    if (inFlight.length >= WINDOW_BATCHES_MAX) return 0;
    const bytes = inFlight.reduce((sum, batch) => sum + batch.bytes, 0);
    return Math.min(BATCH_BYTES_MAX, Math.max(0, WINDOW_BYTES_MAX - bytes));
  }

  /** In `sending`: the outbox is read for a batch, which `enqueue` takes. */
  beginReading(): void {
    const phase = this.#sending();
    assert(!phase.isReading, "one batch is read at a time");
    phase.isReading = true;
  }

  /**
   * In `sending`: puts what was read in flight. Returns the batch; undefined if the events are
   * gone.
   */
  enqueue({ end, records }: OutboxRead): LikeBatch | undefined {
    const phase = this.#sending();
    assert(phase.isReading, "what is sent was read");
    phase.isReading = false;
    const [first] = records;
    if (end === undefined || first === undefined) return undefined;
    assert(first.firstSequence === phase.sentSequence + 1, "a batch follows the one before it");
    const bytes = records.reduce((sum, record) => sum + record.bytes.length, 0);
    phase.inFlight.push({ end, bytes });
    phase.sentSequence = end.sequence;
    return {
      type: "batch",
      incarnation: this.incarnation.id,
      firstSequence: first.firstSequence,
      lastSequence: end.sequence,
      records,
      digest: end.digest,
    };
  }

  #sending(): Sending {
    assert(this.#phase.name === "sending", "the stream sends");
    return this.#phase;
  }
}
