/** What a LikesServer remembers of one delivery stream. It dies with the stream. */
import { BATCH_BYTES_MAX, WINDOW_BATCHES_MAX, WINDOW_BYTES_MAX } from "../../limits.ts";
import type { IncarnationView } from "./outbox_view.ts";
import type { LikeBatch, Pulse, Welcome } from "../protocol/messages.ts";
import type { OutboxRead } from "./outbox.ts";
import type { Position } from "../protocol/record.ts";

/** A stream, from its connect to its end. The LikesServer's state machine changes it. */
export interface Delivery {
  readonly streamId: number;
  readonly incarnation: IncarnationView;
  /** `greeting` waits for Welcome, `comparing` reads the digest at the applied sequence. */
  phase: "handshake" | "comparing" | "sending" | "ending";
  welcome: Welcome | undefined;
  /** The newest pulse that is not answered yet. */
  pulse: Pulse | undefined;
  pulseAtMs: number;
  /** Of the newest pulse of this stream; 0 before the first. */
  pulseMs: number;
  /** When an Ack first said that the outbox is admitted; undefined before. */
  admittedMs: number | undefined;
  /** Whether it delivers, and was told of: what refuses an outbox ends its streams before that. */
  isSteady: boolean;
  /** Version of the ledger that was heard of last. */
  version: number;
  sentSequence: number;
  /** The batches in flight, oldest first: where each ends, and its bytes. */
  readonly inFlight: { readonly end: Position; readonly bytes: number }[];
  reading: boolean;
  blocked: boolean;
}

/** A stream that is being connected at the monotonic time `nowMs`, to deliver `incarnation`. */
export function openDelivery(
  streamId: number,
  incarnation: IncarnationView,
  nowMs: number,
): Delivery {
  return {
    streamId,
    incarnation,
    phase: "handshake",
    welcome: undefined,
    pulse: undefined,
    pulseAtMs: nowMs,
    pulseMs: 0,
    admittedMs: undefined,
    isSteady: false,
    version: 0,
    sentSequence: 0,
    inFlight: [],
    reading: false,
    blocked: false,
  };
}

/** Bytes that one more batch may have; none when the window is full. */
export function windowLeft({ inFlight }: Delivery): number {
  if (inFlight.length >= WINDOW_BATCHES_MAX) return 0;
  const bytes = inFlight.reduce((sum, batch) => sum + batch.bytes, 0);
  return Math.min(BATCH_BYTES_MAX, Math.max(0, WINDOW_BYTES_MAX - bytes));
}

/** Puts what was read in flight: the batch to send, or nothing when it is not held any more. */
export function enqueueInFlight(
  delivery: Delivery,
  { end, records }: OutboxRead,
): LikeBatch | undefined {
  const [first] = records;
  if (end === undefined || first === undefined) return undefined;
  const bytes = records.reduce((sum, record) => sum + record.bytes.length, 0);
  delivery.inFlight.push({ end, bytes });
  delivery.sentSequence = end.sequence;
  return {
    type: "batch",
    incarnation: delivery.incarnation.id,
    firstSequence: first.firstSequence,
    lastSequence: end.sequence,
    records,
    digest: end.digest,
  };
}

/** Takes in that all up to `sequence` is applied; false, and nothing, when that was not sent here. */
export function acknowledgeUpTo({ incarnation, inFlight }: Delivery, sequence: number): boolean {
  const index = inFlight.findIndex(({ end }) => end.sequence === sequence);
  const batch = inFlight[index];
  if (batch === undefined) return incarnation.acknowledged.sequence === sequence;
  incarnation.acknowledged = batch.end;
  inFlight.splice(0, index + 1);
  return true;
}
