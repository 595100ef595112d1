/**
 * Converts and checks the fields of messages. Only here do 64-bit numbers of the wire become
 * checked integers, and are a peer's ids, texts and digests checked. Throws LikesError
 * `message_invalid`.
 */
import { Buffer } from "node:buffer";
import { LikesError } from "../../errors.ts";
import { SERVER_ID_CHARS_MAX } from "../../limits.ts";
import type { AnyId, Digest } from "../../core/protocol/ids.ts";
import type { Convergence } from "../../core/protocol/messages.ts";
import type { EventRange } from "../../core/protocol/record.ts";
import type { Convergence as WireConvergence } from "../gen/likes/v1/Convergence.ts";

type WireConvergenceName = keyof typeof WireConvergence & string;

/** Returns the convergence for the wire, such as `CONVERGENCE_CONVERGED`. */
export function writeConvergence(convergence: Convergence): WireConvergenceName {
  return `CONVERGENCE_${convergence.toUpperCase()}` as WireConvergenceName;
}

/** Returns a convergence from the wire. Throws LikesError `message_invalid`. */
export function readConvergence(name: string): Convergence {
  switch (name) {
    case "CONVERGENCE_CONVERGED":
      return "converged";
    case "CONVERGENCE_CATCHING_UP":
      return "catching_up";
    case "CONVERGENCE_UNKNOWN":
      return "unknown";
    default:
      throw invalid("convergence", JSON.stringify(name));
  }
}

/** Decodes a 64-bit field. Throws LikesError `message_invalid` when it is above 2^53 - 1. */
export function toSafeInteger(field: string, wire: string): number {
  const value = Number(wire);
  if (!Number.isSafeInteger(value) || value < 0) throw invalid(field, wire);
  return value;
}

/** Decodes a 64-bit field exactly. */
export function toBigInt(wire: string): bigint {
  return BigInt(wire);
}

/** Encodes a number as a 64-bit field. Throws RangeError when it does not fit. */
export function toUint64(value: number | bigint): string {
  const exact = BigInt(value);
  if (exact < 0n || exact >= 1n << 64n) throw new RangeError(`Cannot send ${value} as 64 bits`);
  return String(exact);
}

/** Decodes a sequence. Sequences start at 1, because an absent field reads as 0. */
export function readSequence(field: string, wire: string): number {
  const sequence = toSafeInteger(field, wire);
  if (sequence === 0) throw invalid(field, wire);
  return sequence;
}

/** Returns an id: 32 lower-case hexadecimal digits. */
export function readId(field: string, wire: string): AnyId {
  if (!/^[0-9a-f]{32}$/.test(wire)) throw invalid(field, `${wire.length} characters`);
  return wire as AnyId;
}

/** Returns an id; undefined when the field is empty. */
export function readIdIfAny(field: string, wire: string): AnyId | undefined {
  return wire === "" ? undefined : readId(field, wire);
}

/**
 * Returns the number of a trouble or decision. Numbers start at 1, because an absent field reads as
 * 0.
 */
export function readNumber(field: string, wire: number): number {
  if (wire < 1) throw invalid(field, String(wire));
  return wire;
}

/** Returns a range of events, both ends included; undefined when both fields are 0. */
export function readRange(wire: {
  readonly firstSequence: string;
  readonly lastSequence: string;
}): EventRange | undefined {
  const first = toSafeInteger("first_sequence", wire.firstSequence);
  const last = toSafeInteger("last_sequence", wire.lastSequence);
  if (first === 0 && last === 0) return undefined;
  if (first === 0) throw invalid("first_sequence", wire.firstSequence);
  if (last < first) throw invalid("last_sequence", wire.lastSequence);
  return { first, last };
}

/** Returns the fields of a range. */
export function writeRange(range: EventRange | undefined) {
  return { firstSequence: toUint64(range?.first ?? 0), lastSequence: toUint64(range?.last ?? 0) };
}

/** Returns a server id: a name that can be a folder's. */
export function readServerId(wire: string, field = "server_id"): string {
  const fits = wire.length <= SERVER_ID_CHARS_MAX && /^[A-Za-z0-9._-]+$/.test(wire);
  if (!fits) throw invalid(field, `${wire.length} characters`);
  return wire;
}

/** Returns a text for people, which has no control characters. */
export function readText(field: string, wire: string, bytesMax: number): string {
  const bytes = Buffer.byteLength(wire);
  if (bytes > bytesMax || /\p{Cc}/u.test(wire)) throw invalid(field, `${bytes} bytes`);
  return wire;
}

/** Returns a digest of 16 bytes as hexadecimal digits. */
export function readDigest(wire: Uint8Array): Digest {
  if (wire.length !== 16) throw invalid("digest", `${wire.length} bytes`);
  return Buffer.from(wire).toString("hex") as Digest;
}

/** Returns the error for a message with an invalid field. */
export function invalid(field: string, found: string): LikesError {
  return new LikesError("message_invalid", `Cannot accept a message whose ${field} is ${found}`);
}
