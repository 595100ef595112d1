/** Converts requests to add likes, and how they ended, between the wire and the core. */
import type { AddResult } from "../../core/likes_server/likes_server.ts";
import type { ClientId } from "../../core/protocol/ids.ts";
import type { LikeEvent } from "../../core/protocol/like_event.ts";
import type { Operation } from "../../core/protocol/operation.ts";
import { FAULTS } from "../../errors.ts";
import type { FaultCode, Refusal } from "../../errors.ts";
import type { AddLikesRequest__Output } from "../gen/likes/v1/AddLikesRequest.ts";
import type { AddOutcome, AddOutcome__Output } from "../gen/likes/v1/AddOutcome.ts";
import type {
  Operation as WireOperation,
  Operation__Output as WireOperation__Output,
} from "../gen/likes/v1/Operation.ts";
import { readId, readSequence, toBigInt, toUint64 } from "./wire_fields.ts";

const CLIENT_BYTES = 16;

/** Returns the event of a request, or why it has none. The role checks the event's bounds. */
export function readEvent({
  itemId,
  likes,
  _likes: presence,
  operation: name,
}: AddLikesRequest__Output): LikeEvent | Refusal {
  if (presence === undefined || likes === undefined) {
    return invalid("Cannot accept likes: their number is missing; set it, even to 0");
  }
  const plain = { kind: "add", likes: toBigInt(likes) } as const;
  if (name === null) return { itemId, change: plain };
  const operation = readOperation(name);
  return "code" in operation ? operation : { itemId, change: { ...plain, operation } };
}

function readOperation({ client, number }: WireOperation__Output): Operation | Refusal {
  if (client.length !== CLIENT_BYTES) {
    return invalid(
      `Cannot accept an operation of a client of ${client.length} bytes: give ${CLIENT_BYTES}`,
    );
  }
  return { client: Buffer.from(client).toString("hex") as ClientId, number: Number(number) };
}

/** Returns the name of an add for the wire. */
export function writeOperation({ client, number }: Operation): WireOperation {
  return { client: Buffer.from(client, "hex"), number: toUint64(number) };
}

function invalid(message: string): Refusal {
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

/** Returns the fault of a refusal. A newer LikesServer may refuse with a fault that has no name here. */
export function readFault(name: string): FaultCode {
  return Object.hasOwn(FAULTS, name) ? (name as FaultCode) : "peer_failed";
}
