/** Converts requests to add likes, and how they ended, between the wire and the core. */
import type { AddResult } from "../../core/likes_server/likes_server.ts";
import type { LikeEvent } from "../../core/protocol/like_event.ts";
import { FAULTS } from "../../errors.ts";
import type { FaultCode, Refusal } from "../../errors.ts";
import type { AddLikesRequest__Output } from "../gen/likes/v1/AddLikesRequest.ts";
import type { AddOutcome, AddOutcome__Output } from "../gen/likes/v1/AddOutcome.ts";
import { readId, readSequence, toBigInt, toUint64 } from "./wire_fields.ts";

/** Returns the event of a request, or why it has none. The role checks the event's bounds. */
export function readEvent({
  itemId,
  likes,
  _likes: presence,
}: AddLikesRequest__Output): LikeEvent | Refusal {
  if (presence !== undefined && likes !== undefined) {
    return { itemId, change: { kind: "add", likes: toBigInt(likes) } };
  }
  const message = "Cannot accept likes: their number is missing; set it, even to 0";
  return { code: "like_invalid", message };
}

/** Returns how an add of a batch ended, for the wire. */
export function writeOutcome(outcome: AddResult): AddOutcome {
  if (outcome.type === "refused") {
    const { code: fault, message } = outcome.refusal;
    return { refusal: { fault, message } };
  }
  const { incarnation, sequence } = outcome;
  return { incarnation, sequence: toUint64(sequence) };
}

/** Returns how an add of a batch ended. Throws LikesError `message_invalid`. */
export function readOutcome({ incarnation, sequence, refusal }: AddOutcome__Output): AddResult {
  if (refusal) {
    const { fault, message } = refusal;
    return { type: "refused", refusal: { code: readFault(fault), message } };
  }
  return {
    type: "accepted",
    incarnation: readId("incarnation", incarnation),
    sequence: readSequence("sequence", sequence),
  };
}

/** A newer LikesServer may refuse with a fault that has no name here. */
function readFault(name: string): FaultCode {
  return Object.hasOwn(FAULTS, name) ? (name as FaultCode) : "peer_failed";
}
