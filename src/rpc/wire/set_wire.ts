/** Converts requests to set what persons give, and how they ended. */
import { PLAIN_LIKE } from "../../core/protocol/register.ts";
import type { RegisterState } from "../../core/protocol/register.ts";
import type { SubjectSet } from "../../core/likes_server/client_requests.ts";
import type { SetResult } from "../../core/likes_server/likes_server.ts";
import type { Refusal } from "../../errors.ts";
import type { RegisterState__Output } from "../gen/likes/v1/RegisterState.ts";
import type { SetLikeRequest, SetLikeRequest__Output } from "../gen/likes/v1/SetLikeRequest.ts";
import type { SetOutcome, SetOutcome__Output } from "../gen/likes/v1/SetOutcome.ts";
import { readFault } from "./add_wire.ts";
import { invalid, readId, readSequence, toUint64 } from "./wire_fields.ts";

/** Returns the set of a request, or why it has none. The role checks its bounds. */
export function readSet(wire: SetLikeRequest__Output): SubjectSet | Refusal {
  const { itemId, person: subject, likes, reaction, revision } = wire;
  if (wire._likes === undefined || likes === undefined) {
    const message = "Cannot set likes: their number is missing; set it, even to 0";
    return { code: "like_invalid", message };
  }
  const given = likes === 0 ? 0 : reaction || PLAIN_LIKE;
  return { itemId, subject, wanted: { reaction: given, likes }, revision };
}

/** Returns a set for the wire. */
export function writeSet({ itemId, subject, wanted, revision }: SubjectSet): SetLikeRequest {
  return { itemId, person: subject, ...wanted, ...(revision === undefined ? {} : { revision }) };
}

/** Returns how a set ended, for the wire. */
export function writeSetOutcome(outcome: SetResult): SetOutcome {
  switch (outcome.type) {
    case "stored": {
      const { state, incarnation, sequence } = outcome;
      return { result: "SET_RESULT_STORED", state, incarnation, sequence: toUint64(sequence) };
    }
    case "same":
      return { result: "SET_RESULT_SAME", state: outcome.state };
    case "superseded":
      return { result: "SET_RESULT_SUPERSEDED", state: outcome.state };
    case "refused": {
      const { code: fault, message } = outcome.refusal;
      return { refusal: { fault, message } };
    }
  }
}

/** Returns how a set ended. Throws LikesError `message_invalid`. */
export function readSetOutcome(wire: SetOutcome__Output): SetResult {
  const { result, refusal, incarnation, sequence } = wire;
  if (refusal !== null) {
    const { fault, message } = refusal;
    return { type: "refused", refusal: { code: readFault(fault), message } };
  }
  const state = readState(wire.state);
  switch (result) {
    case "SET_RESULT_STORED":
      return {
        type: "stored",
        incarnation: readId("incarnation", incarnation),
        sequence: readSequence("sequence", sequence),
        state,
      };
    case "SET_RESULT_SAME":
      return { type: "same", state };
    case "SET_RESULT_SUPERSEDED":
      return { type: "superseded", state };
    default:
      throw invalid("result", JSON.stringify(result));
  }
}

/** Returns the state of a register. Throws LikesError `message_invalid` when it is absent. */
export function readState(wire: RegisterState__Output | null): RegisterState {
  if (wire === null) throw invalid("state", "absent");
  const { revision, reaction, likes } = wire;
  return { revision, reaction, likes };
}
