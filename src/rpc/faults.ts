/**
 * Faults across the wire. The status is for any gRPC client; the trailer `likes-fault` carries the
 * fault's own name, so that our clients tell a refusal by the peer from a connection that broke.
 */
import { Metadata, status } from "@grpc/grpc-js";
import type { ServiceError, StatusObject, sendUnaryData } from "@grpc/grpc-js";
import { FAULTS, LikesError, STATUS, messageOf } from "../errors.ts";
import type { FaultCode, Refusal } from "../errors.ts";

const FAULT_TRAILER = "likes-fault";
/** Statuses with which a call ends that never got an answer; any other one came from a server. */
const UNREACHABLE = [status.UNAVAILABLE, status.DEADLINE_EXCEEDED, status.CANCELLED];
/** What grpc-js writes around the cause of a failed connection. */
const TRANSPORT_NOISE =
  /No connection established\. Last error: (?:Error: )?|\.? ?Resolution note: ?$/g;
/** What grpc-js says of a host name that leads nowhere. */
const UNRESOLVED = /^Name resolution failed/;

/** The status with which a server ends a call. */
export function toStatus({ code, message }: Refusal): StatusObject {
  const metadata = new Metadata();
  metadata.set(FAULT_TRAILER, code);
  return { code: STATUS[FAULTS[code].status], details: message, metadata };
}

/** The status for anything that a handler threw: a fault, or a bug whose text stays here. */
export function toStatusOf(error: unknown): StatusObject {
  if (error instanceof LikesError) return toStatus(error);
  return {
    code: STATUS.INTERNAL,
    details: "Cannot answer: an internal error",
    metadata: new Metadata(),
  };
}

/** The fault that a peer named in its refusal; undefined when the peer did not speak. */
function faultOf(error: unknown): FaultCode | undefined {
  const [name] = (error as Partial<ServiceError>).metadata?.get(FAULT_TRAILER) ?? [];
  return typeof name === "string" && Object.hasOwn(FAULTS, name) ? (name as FaultCode) : undefined;
}

/** A failure without a fault's name after which nothing was done, and why that is certain. */
interface CertainNo {
  readonly code: status;
  readonly details: RegExp;
  readonly why: string;
}

const CERTAIN: readonly CertainNo[] = [
  {
    code: status.UNIMPLEMENTED,
    details: /^(?!(?:Too many responses|No message) received$)/,
    why: "the server has no such method. Of an answer that breaks the rules grpc-js says the same",
  },
  {
    code: status.UNAVAILABLE,
    details: /^No connection established/,
    why: "there was no connection on which anything could be sent",
  },
  {
    code: status.UNAVAILABLE,
    details: UNRESOLVED,
    why: "there was no address to which anything could be sent",
  },
  {
    code: status.UNAVAILABLE,
    details: /^Stream refused by server$/,
    why: "HTTP/2 refuses a stream before it is worked on: RFC 9113, 8.7",
  },
  {
    code: status.RESOURCE_EXHAUSTED,
    details: /^Attempted to send message with a size larger than/,
    why: "the client's own bound: the message was not sent. A server's answer that is too long differs",
  },
];

/** What a peer names that does not know itself what it has done. */
const IN_DOUBT: readonly FaultCode[] = ["outcome_unknown", "store_failed"];

/**
 * Whether a call that failed so has certainly done nothing: the peer refused it by the name of a
 * fault, or it never came to one that serves it. A status alone does not say so: UNAVAILABLE may mean
 * either.
 */
export function hadNoEffect(error: ServiceError): boolean {
  const fault = faultOf(error);
  if (fault !== undefined) return !IN_DOUBT.includes(fault);
  return CERTAIN.some(({ code, details }) => code === error.code && details.test(error.details));
}

/** The error of a peer whose host name leads nowhere. */
export function unresolved(peer: string): LikesError {
  const found = "its name cannot be resolved; give the right name, or an IP address";
  return new LikesError("peer_unreachable", `Cannot reach ${peer}: ${found}`);
}

/** What a failed call of `peer` means, when nothing depends on whether it was done. */
export function toLikesError(error: unknown, peer: string): LikesError {
  const code = faultOf(error);
  const details = (error as Partial<ServiceError>).details ?? messageOf(error);
  if (code !== undefined) return new LikesError(code, details, { cause: error });
  const text = details.replaceAll(TRANSPORT_NOISE, "");
  const { code: found = status.UNKNOWN } = error as Partial<ServiceError>;
  if (found === status.UNIMPLEMENTED && hadNoEffect(error as ServiceError)) {
    const message = `Cannot ask ${peer}: another kind of server answers there; give the right address`;
    return new LikesError("wrong_role", message, { cause: error });
  }
  if (UNRESOLVED.test(details)) return unresolved(peer);
  if (UNREACHABLE.includes(found)) {
    const message = `Cannot reach ${peer}: ${text}; see that it runs there`;
    return new LikesError("peer_unreachable", message, { cause: error });
  }
  return new LikesError("peer_failed", `Cannot get an answer of ${peer}: ${text}`, {
    cause: error,
  });
}

/** Answers a unary call with what `compute` gives or throws. */
export function answer<T>(callback: sendUnaryData<T>, compute: () => T): void {
  try {
    callback(null, compute());
  } catch (error) {
    callback(toStatusOf(error));
  }
}
