/**
 * Sends faults across the wire. Any gRPC client understands the status. The trailer `likes-fault`
 * also carries the fault's name. With it, our clients tell a peer's refusal from a broken
 * connection.
 */
import { Metadata, status } from "@grpc/grpc-js";
import type { ServiceError, StatusObject, sendUnaryData } from "@grpc/grpc-js";
import { FAULTS, LikesError, STATUS, messageOf } from "../errors.ts";
import type { FaultCode, Refusal } from "../errors.ts";

const FAULT_TRAILER = "likes-fault";
/** Statuses of a call that got no answer. Any other status came from a server. */
const UNREACHABLE = [status.UNAVAILABLE, status.DEADLINE_EXCEEDED, status.CANCELLED];
/** The text that grpc-js wraps around the cause of a failed connection. */
const TRANSPORT_NOISE =
  /No connection established\. Last error: (?:Error: )?|\.? ?Resolution note: ?$/g;
/** How grpc-js reports a host name that cannot be resolved. */
const UNRESOLVED = /^Name resolution failed/;

/** Returns the status with which a server ends a refused call. */
export function toStatus({ code, message }: Refusal): StatusObject {
  const metadata = new Metadata();
  metadata.set(FAULT_TRAILER, code);
  return { code: STATUS[FAULTS[code].status], details: message, metadata };
}

/** Returns the status for an error that a handler threw. The text of a bug is not sent. */
export function toStatusOf(error: unknown): StatusObject {
  if (error instanceof LikesError) return toStatus(error);
  return {
    code: STATUS.INTERNAL,
    details: "Cannot answer: an internal error",
    metadata: new Metadata(),
  };
}

/** Returns the fault in a peer's refusal; undefined when the error is not one. */
function faultOf(error: unknown): FaultCode | undefined {
  const [name] = (error as Partial<ServiceError>).metadata?.get(FAULT_TRAILER) ?? [];
  return typeof name === "string" && Object.hasOwn(FAULTS, name) ? (name as FaultCode) : undefined;
}

/** A failure without a fault that certainly had no effect, and why. */
interface HarmlessFailure {
  readonly code: status;
  readonly details: RegExp;
  readonly why: string;
}

const HARMLESS: readonly HarmlessFailure[] = [
  {
    code: status.UNIMPLEMENTED,
    details: /^(?!(?:Too many responses|No message) received$)/,
    why: "the server has no such method. The details exclude an invalid answer, with the same code",
  },
  {
    code: status.UNAVAILABLE,
    details: /^No connection established/,
    why: "there was no connection to send anything on",
  },
  {
    code: status.UNAVAILABLE,
    details: UNRESOLVED,
    why: "there was no address to send anything to",
  },
  {
    code: status.UNAVAILABLE,
    details: /^Stream refused by server$/,
    why: "HTTP/2 refuses a stream before it is processed: RFC 9113, 8.7",
  },
  {
    code: status.RESOURCE_EXHAUSTED,
    details: /^Attempted to send message with a size larger than/,
    why: "the client's own bound: nothing was sent. For an oversized answer the details differ",
  },
];

/** Faults of a peer that does not know the outcome itself. */
const IN_DOUBT: readonly FaultCode[] = ["outcome_unknown", "store_failed"];

/** Returns whether a call that ended with `fault` may have had its effect. */
export function leavesInDoubt(fault: FaultCode): boolean {
  return IN_DOUBT.includes(fault);
}

/**
 * Returns whether a failed call certainly had no effect: the peer refused it with a fault, or it
 * reached no server of that method. A status alone does not tell: UNAVAILABLE can mean either.
 */
export function hadNoEffect(error: ServiceError): boolean {
  const fault = faultOf(error);
  if (fault !== undefined) return !leavesInDoubt(fault);
  return HARMLESS.some(({ code, details }) => code === error.code && details.test(error.details));
}

/** Returns the error for a peer whose host name cannot be resolved. */
export function unresolved(peer: string): LikesError {
  const found = "its name cannot be resolved; give another name, or an IP address";
  return new LikesError("peer_unreachable", `Cannot reach ${peer}: ${found}`);
}

/**
 * Returns the error for a failed call to `peer`, when it does not matter whether the call took
 * effect.
 */
export function toLikesError(error: unknown, peer: string): LikesError {
  const code = faultOf(error);
  const details = (error as Partial<ServiceError>).details ?? messageOf(error);
  if (code !== undefined) return new LikesError(code, details, { cause: error });
  const text = details.replaceAll(TRANSPORT_NOISE, "");
  const { code: found = status.UNKNOWN } = error as Partial<ServiceError>;
  if (found === status.UNIMPLEMENTED && hadNoEffect(error as ServiceError)) {
    const message = `Cannot call ${peer}: another kind of server is there; give another address`;
    return new LikesError("wrong_role", message, { cause: error });
  }
  if (UNRESOLVED.test(details)) return unresolved(peer);
  if (UNREACHABLE.includes(found)) {
    const message = `Cannot reach ${peer}: ${text}; check that it is running there`;
    return new LikesError("peer_unreachable", message, { cause: error });
  }
  return new LikesError("peer_failed", `Cannot get an answer from ${peer}: ${text}`, {
    cause: error,
  });
}

/** Answers a unary call with what `compute` returns or throws. */
export function answer<T>(callback: sendUnaryData<T>, compute: () => T): void {
  try {
    callback(null, compute());
  } catch (error) {
    callback(toStatusOf(error));
  }
}
