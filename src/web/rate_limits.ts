/**
 * Limits of what one client may ask: in memory, and for this LikesServer alone. The count stays right
 * whatever a limit lets through.
 *
 * A limit knows its clients by a digest with a salt of this process. Digests are short, so that all of
 * them fit in memory: clients that share one share the limit.
 */
import { hash, randomBytes } from "node:crypto";
import { RateLimiterMemory } from "rate-limiter-flexible";
import type { RateLimiterRes } from "rate-limiter-flexible";
import { LIMITED_CLIENTS_MAX } from "../limits.ts";
import { Problem } from "./problem.ts";

const SALT_BYTES = 16;
/** Hexadecimal digits that hold LIMITED_CLIENTS_MAX, and some more. */
const DIGEST_DIGITS = 12;

/** How many requests are allowed in how many seconds. */
export interface Quota {
  readonly name: string;
  readonly requests: number;
  readonly seconds: number;
}

/** What a client has left. */
export interface Remaining {
  readonly requests: number;
  readonly seconds: number;
}

/** One limit, for each client by itself. */
export class RateLimit {
  readonly quota: Quota;
  readonly #limiter: RateLimiterMemory;
  readonly #salt = randomBytes(SALT_BYTES).toString("hex");

  constructor(quota: Quota) {
    this.quota = quota;
    this.#limiter = new RateLimiterMemory({ points: quota.requests, duration: quota.seconds });
  }

  /**
   * Charges a client for `requests`. More than a whole quota cost all of it, since to wait would
   * not help. Throws Problem `quota-exceeded`.
   */
  async charge(client: string, requests: number): Promise<Remaining> {
    const points = Math.min(requests, this.quota.requests);
    try {
      return remainingOf(await this.#limiter.consume(this.#keyOf(client), points));
    } catch (error) {
      if (error instanceof Error) throw error;
      throw this.#exceeded(remainingOf(error as RateLimiterRes));
    }
  }

  /** Returns how many requests of a client are charged now. */
  async charged(client: string): Promise<number> {
    return (await this.#limiter.get(this.#keyOf(client)))?.consumedPoints ?? 0;
  }

  #keyOf(client: string): string {
    const digest = hash("sha1", this.#salt + client);
    return `${parseInt(digest.slice(0, DIGEST_DIGITS), 16) % LIMITED_CLIENTS_MAX}`;
  }

  #exceeded({ seconds }: Remaining): Problem {
    const { name, requests, seconds: window } = this.quota;
    return new Problem(
      "quota-exceeded",
      `Cannot accept more: ${requests} ${name} in ${window} s are allowed; try again in ${seconds} s`,
      { "violated-policies": [name] },
      { ...limitFields(this.quota, { requests: 0, seconds }), "Retry-After": `${seconds}` },
    );
  }
}

/** Returns the fields that tell a client its limit (draft-ietf-httpapi-ratelimit-headers-11). */
export function limitFields(
  { name, requests, seconds }: Quota,
  remaining: Remaining,
): Readonly<Record<string, string>> {
  return {
    "RateLimit-Policy": `"${name}";q=${requests};w=${seconds}`,
    RateLimit: `"${name}";r=${remaining.requests};t=${remaining.seconds}`,
  };
}

function remainingOf({ remainingPoints, msBeforeNext }: RateLimiterRes): Remaining {
  return { requests: remainingPoints, seconds: Math.max(1, Math.ceil(msBeforeNext / 1_000)) };
}
