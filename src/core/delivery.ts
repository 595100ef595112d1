/** What a LikesServer remembers of one delivery stream. It dies with the stream. */
import type { KnownIncarnation } from "./known_outbox.ts";
import type { LikeBatch, Pulse, Welcome } from "./messages.ts";
import type { OutboxRead } from "./outbox.ts";
import type { Position } from "./record.ts";

/** A stream, from its connect to its end. The LikesServer's state machine changes it. */
export interface Delivery {
  readonly streamId: number;
  readonly incarnation: KnownIncarnation;
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

/** A stream that is being connected at the monotonic time `nowMs`, to deliver `incarnation`. */
export function openDelivery(
  streamId: number,
  incarnation: KnownIncarnation,
  nowMs: number,
): Delivery {
  return {
    streamId,
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
}

/** Puts what was read in flight: the batch to send, or nothing when it is not held any more. */
export function launch(delivery: Delivery, { end, records }: OutboxRead): LikeBatch | undefined {
  const [first] = records;
  if (end === undefined || first === undefined) return undefined;
  delivery.inFlight.push(end);
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

/** Takes in that everything up to `sequence` is applied. False when that was not sent here. */
export function land({ incarnation, inFlight }: Delivery, sequence: number): boolean {
  let [end] = inFlight;
  while (end !== undefined && end.sequence <= sequence) {
    incarnation.acknowledged = end;
    inFlight.shift();
    [end] = inFlight;
  }
  return incarnation.acknowledged.sequence === sequence;
}
