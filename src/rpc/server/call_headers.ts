/** What the headers of a call say against it, whoever serves it. */
import type { Metadata, ServerInterceptor } from "@grpc/grpc-js";
import type { Refusal } from "../../errors.ts";
import { METADATA_BYTES_MAX } from "../../limits.ts";

type NextCall = Parameters<ServerInterceptor>[1];

const COMPRESSED: Refusal = {
  code: "compressed",
  message: "Cannot take a compressed request: send it as it is, with grpc-encoding identity",
};
const LONG_METADATA: Refusal = {
  code: "too_many",
  message: `Cannot take a call with so much metadata: at most ${METADATA_BYTES_MAX} bytes`,
};

/**
 * Says why a call is not taken, by its headers. grpc-js takes the encoding away before an interceptor
 * sees it, so that it is read where grpc-js keeps it.
 */
export function checkCall(call: NextCall, metadata: Metadata): Refusal | undefined {
  const { incomingEncoding } = call as { readonly incomingEncoding?: unknown };
  if (incomingEncoding !== "identity") return COMPRESSED;
  const headers = Object.entries(metadata.toHttp2Headers()).flat(2);
  const bytes = headers.reduce<number>((sum, text) => sum + String(text).length, 0);
  return bytes > METADATA_BYTES_MAX ? LONG_METADATA : undefined;
}
