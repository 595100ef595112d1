/** Checks a call's headers before any service handles it. */
import type { Metadata, ServerInterceptor } from "@grpc/grpc-js";
import type { Refusal } from "../../errors.ts";
import { METADATA_BYTES_MAX } from "../../limits.ts";

type NextCall = Parameters<ServerInterceptor>[1];

const COMPRESSED: Refusal = {
  code: "compressed",
  message: "Cannot accept a compressed request: send it with grpc-encoding identity",
};
const LONG_METADATA: Refusal = {
  code: "too_many",
  message: `Cannot accept so much metadata: a call may have ${METADATA_BYTES_MAX} bytes`,
};

/**
 * Returns why a call is refused for its headers; undefined when it is not. grpc-js removes the
 * encoding from the metadata before an interceptor runs, and this reads it from a private field.
 */
export function checkCall(call: NextCall, metadata: Metadata): Refusal | undefined {
  const { incomingEncoding } = call as { readonly incomingEncoding?: unknown };
  if (incomingEncoding !== "identity") return COMPRESSED;
  const headers = Object.entries(metadata.toHttp2Headers()).flat(2);
  const bytes = headers.reduce<number>((sum, text) => sum + String(text).length, 0);
  return bytes > METADATA_BYTES_MAX ? LONG_METADATA : undefined;
}
