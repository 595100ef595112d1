/**
 * The fields of messages: the one place where 64-bit numbers of the wire become checked integers, and
 * where ids, texts and digests from a peer are checked. Throws LikesError `message_invalid`.
 */
import { Buffer } from "node:buffer";
import { LikesError } from "../../errors.ts";
import { SERVER_ID_CHARS_MAX } from "../../limits.ts";
import type { Convergence, EventRange } from "../../core/protocol/messages.ts";
import type { Convergence as WireConvergence } from "../gen/likes/v1/Convergence.ts";

type WireConvergenceName = keyof typeof WireConvergence & string;

/** `CONVERGENCE_CONVERGED` and so on. */
export function writeConvergence(convergence: Convergence): WireConvergenceName {
  return `CONVERGENCE_${convergence.toUpperCase()}` as WireConvergenceName;
}

/** The convergence of a peer's message. Throws LikesError `message_invalid`. */
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

/** A 64-bit field that must be a whole number up to 2^53 - 1. Throws LikesError `message_invalid`. */
export function toSafeInteger(field: string, wire: string): number {
  const value = Number(wire);
  if (!Number.isSafeInteger(value) || value < 0) throw invalid(field, wire);
  return value;
}

/** A 64-bit field of likes, exact. */
export function toBigInt(wire: string): bigint {
  return BigInt(wire);
}

/** A checked number as a 64-bit field. */
export function toUint64(value: number | bigint): string {
  const exact = BigInt(value);
  if (exact < 0n || exact >= 1n << 64n) throw new RangeError(`Cannot send ${value} as 64 bits`);
  return String(exact);
}

/** A sequence of an event: from 1, because 0 is what an absent field reads as. */
export function readSequence(field: string, wire: string): number {
  const sequence = toSafeInteger(field, wire);
  if (sequence === 0) throw invalid(field, wire);
  return sequence;
}

/** An id: 32 lower-case hexadecimal digits. */
export function readId(field: string, wire: string): string {
  if (!/^[0-9a-f]{32}$/.test(wire)) throw invalid(field, `${wire.length} characters`);
  return wire;
}

/** An id, or none. */
export function readIdIfAny(field: string, wire: string): string | undefined {
  return wire === "" ? undefined : readId(field, wire);
}

/** A 32-bit number that names something: from 1, because 0 is what an absent field reads as. */
export function readNumber(field: string, wire: number): number {
  if (wire < 1) throw invalid(field, String(wire));
  return wire;
}

/** Events from a first to a last one, both included; 0 and 0 for none. */
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

/** The fields of a range. */
export function writeRange(range: EventRange | undefined) {
  return { firstSequence: toUint64(range?.first ?? 0), lastSequence: toUint64(range?.last ?? 0) };
}

/** A server id, as a folder name can carry it. */
export function readServerId(wire: string, field = "server_id"): string {
  const fits = wire.length <= SERVER_ID_CHARS_MAX && /^[A-Za-z0-9._-]+$/.test(wire);
  if (!fits) throw invalid(field, `${wire.length} characters`);
  return wire;
}

/** A text for people, without control characters. */
export function readText(field: string, wire: string, bytesMax: number): string {
  const bytes = Buffer.byteLength(wire);
  if (bytes > bytesMax || /\p{Cc}/u.test(wire)) throw invalid(field, `${bytes} bytes`);
  return wire;
}

/** A digest: 16 bytes, as hexadecimal digits. */
export function readDigest(wire: Uint8Array): string {
  if (wire.length !== 16) throw invalid("digest", `${wire.length} bytes`);
  return Buffer.from(wire).toString("hex");
}

/** The fault of a message whose field is not as it has to be. */
export function invalid(field: string, found: string): LikesError {
  return new LikesError("message_invalid", `Cannot take a message whose ${field} is ${found}`);
}
