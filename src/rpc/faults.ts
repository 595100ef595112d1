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
export function faultOf(error: unknown): FaultCode | undefined {
  const [name] = (error as Partial<ServiceError>).metadata?.get(FAULT_TRAILER) ?? [];
  return typeof name === "string" && Object.hasOwn(FAULTS, name) ? (name as FaultCode) : undefined;
}

/** What a failed call of `peer` means, when nothing depends on whether it was done. */
export function fromCall(error: unknown, peer: string): LikesError {
  const code = faultOf(error);
  const details = (error as Partial<ServiceError>).details ?? messageOf(error);
  if (code !== undefined) return new LikesError(code, details, { cause: error });
  const text = details.replaceAll(TRANSPORT_NOISE, "");
  if (UNREACHABLE.includes((error as Partial<ServiceError>).code ?? status.UNKNOWN)) {
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
