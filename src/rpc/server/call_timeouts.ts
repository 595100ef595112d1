/**
 * Checks the header `grpc-timeout` before grpc-js reads it. grpc-js has two bugs here. It wraps at
 * 2^31 ms, about 25 days: a call with a longer timeout ended after milliseconds, although its like
 * was stored. It also accepts any value that contains a timeout: of nine digits it used the last
 * eight.
 *
 * A timeout too long for a timer is removed. The peer ends its call itself when the time comes, and
 * the keepalive detects a dead peer. An invalid timeout is refused.
 */
import type { IncomingHttpHeaders } from "node:http";
import type { Refusal } from "../../errors.ts";
import { TIMER_MAX_MS } from "../../limits.ts";

const HEADER = "grpc-timeout";
/** A timeout as gRPC defines it: at most eight digits and a unit. */
const TIMEOUT = /^(\d{1,8})([HMSmun])$/;
const UNIT_MS = { H: 3_600_000, M: 60_000, S: 1_000, m: 1, u: 1e-3, n: 1e-6 };
/** Characters of the value that a refusal quotes. */
const SHOWN_CHARS_MAX = 32;

/**
 * Removes from `headers` a timeout too long for grpc-js. Returns why the call is refused, if so.
 */
export function checkTimeout(headers: IncomingHttpHeaders): Refusal | undefined {
  const value = headers[HEADER];
  if (value === undefined) return undefined;
  const [, digits, unit] = TIMEOUT.exec(String(value)) ?? [];
  if (digits === undefined) {
    delete headers[HEADER];
    const shown = JSON.stringify(String(value).slice(0, SHOWN_CHARS_MAX));
    const wayOut = "give at most eight digits and one of H, M, S, m, u and n, or leave it out";
    return { code: "usage", message: `Cannot accept a call with ${HEADER} ${shown}: ${wayOut}` };
  }
  if (Number(digits) * UNIT_MS[unit as keyof typeof UNIT_MS] > TIMER_MAX_MS) delete headers[HEADER];
  return undefined;
}
