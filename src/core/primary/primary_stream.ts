/** What the primary remembers of one delivery stream. It dies with the stream. */
import type { Hello } from "../protocol/messages.ts";
import type { IncarnationId } from "../protocol/ids.ts";

/** A stream, from its opening to its end. The primary's state machine changes it. */
export interface Stream {
  readonly id: number;
  readonly openedMs: number;
  /** Absent until it said Hello; what it says before its Welcome is refused. */
  hello: Hello | undefined;
  welcomed: boolean;
  /** Whether a report of it was committed: its outbox is a member, unless it left. */
  reported: boolean;
  /** Whether a person was told that it is connected. */
  told: boolean;
  reportedMs: number;
  /** What its next Ack says. */
  appliedSequence: number;
  closed: boolean;
  left: boolean;
  /**
   * Those of the incarnations that its newest report named in trouble and about which it is
   * decided.
   */
  resolved: readonly IncarnationId[];
  ackDue: boolean;
  pulseDue: boolean;
  /** Whether the transport takes no more for now. */
  blocked: boolean;
  /** Pulses that it has not answered, oldest first; bounded by PULSES_UNANSWERED_MAX. */
  pulses: { readonly pulseMs: number; readonly sentMs: number }[];
}

/** A stream that was opened at the monotonic time `nowMs` and has said nothing yet. */
export function openStream(id: number, nowMs: number): Stream {
  return {
    id,
    openedMs: nowMs,
    hello: undefined,
    welcomed: false,
    reported: false,
    told: false,
    reportedMs: nowMs,
    appliedSequence: 0,
    closed: false,
    left: false,
    resolved: [],
    ackDue: false,
    pulseDue: false,
    blocked: false,
    pulses: [],
  };
}
