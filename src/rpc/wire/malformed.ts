/**
 * Requests whose bytes are no protobuf.
 *
 * grpc-js ends a call at such a request before it delivers earlier ones, with a status that blames the
 * server. Here the request becomes a value of its own, in its place among the others. call_bounds.ts
 * refuses it like every other call.
 *
 * protobufjs silently truncates a string whose length runs past the buffer, which would credit another
 * item. So field lengths are checked first.
 */
import protobuf from "protobufjs";
import type { Refusal } from "../../errors.ts";

/** What a request is taken for whose bytes do not decode. */
export const MALFORMED = Symbol("malformed");

/** Whatever the decoder says of the bytes is no news to whoever sent them, and stays here. */
export const MALFORMED_MESSAGE: Refusal = {
  code: "message_invalid",
  message:
    "Cannot read a message: its bytes are not what this call takes; encode it as the proto says",
};

/** A decoder that gives MALFORMED where `decode` throws, or where a field ends beyond the message. */
export function decodedOrMalformed<T>(decode: (bytes: Buffer) => T) {
  return (bytes: Buffer): T | typeof MALFORMED => {
    try {
      expectWhole(bytes);
      return decode(bytes);
    } catch {
      return MALFORMED;
    }
  };
}

/** Throws when a field of the message itself ends beyond it. */
function expectWhole(bytes: Buffer): void {
  const reader = protobuf.Reader.create(bytes);
  while (reader.pos < reader.len) reader.skipType(reader.uint32() & 7);
}
