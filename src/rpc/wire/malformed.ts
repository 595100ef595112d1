/**
 * Handles requests that do not decode.
 *
 * At such a request, grpc-js ends the call before it delivers earlier ones, with a status that
 * blames the server. Here the request decodes to MALFORMED, in its place among the others.
 * call_bounds.ts then refuses the call.
 *
 * protobufjs silently truncates a string whose length runs past the buffer, which would credit
 * another item. Field lengths are therefore checked first.
 */
import protobuf from "protobufjs";
import type { Refusal } from "../../errors.ts";

/** The value of a request whose bytes do not decode. */
export const MALFORMED = Symbol("malformed");

/**
 * The refusal of such a request. The decoder's own message is not sent: it would not help the peer.
 */
export const MALFORMED_MESSAGE: Refusal = {
  code: "message_invalid",
  message: "Cannot decode a message: its bytes do not fit this call; encode it as the proto says",
};

/** Returns a decoder like `decode` that returns MALFORMED for bytes that do not decode. */
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

/** Throws when a field at the message's top level ends beyond the message. */
function expectWhole(bytes: Buffer): void {
  const reader = protobuf.Reader.create(bytes);
  while (reader.pos < reader.len) reader.skipType(reader.uint32() & 7);
}
