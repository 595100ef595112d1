/**
 * The header `grpc-timeout`, before grpc-js reads it. grpc-js wraps at 2^31 ms, about 25 days: a call
 * with a longer one ended after some milliseconds, and its like was stored. And grpc-js searches the
 * value for something that looks like a timeout, so that of nine digits it took the last eight.
 *
 * A timeout that no timer can hold is taken away: the peer ends its call by itself when the time comes,
 * and a peer that is gone by then is found by the keepalive. What is no timeout is refused.
 */
import type { IncomingHttpHeaders } from "node:http";
import type { Refusal } from "../../errors.ts";
import { TIMER_MAX_MS } from "../../limits.ts";

const HEADER = "grpc-timeout";
/** As gRPC says: at most eight digits, and a unit. */
const TIMEOUT = /^(\d{1,8})([HMSmun])$/;
const UNIT_MS = { H: 3_600_000, M: 60_000, S: 1_000, m: 1, u: 1e-3, n: 1e-6 };
/** Characters of a value that a refusal shows. */
const SHOWN_CHARS_MAX = 32;

/** Takes a timeout out of `headers` that grpc-js cannot keep. Says why the call is refused, if so. */
export function checkTimeout(headers: IncomingHttpHeaders): Refusal | undefined {
  const value = headers[HEADER];
  if (value === undefined) return undefined;
  const [, digits, unit] = TIMEOUT.exec(String(value)) ?? [];
  if (digits === undefined) {
    delete headers[HEADER];
    const shown = JSON.stringify(String(value).slice(0, SHOWN_CHARS_MAX));
    const wayOut = "give at most eight digits and one of H, M, S, m, u and n, or leave it out";
    return { code: "usage", message: `Cannot take a call with ${HEADER} ${shown}: ${wayOut}` };
  }
  if (Number(digits) * UNIT_MS[unit as keyof typeof UNIT_MS] > TIMER_MAX_MS) delete headers[HEADER];
  return undefined;
}
