/**
 * New anonymous persons. A like costs nothing, and a person does: above a number that a network may
 * have each day, a browser has to solve a challenge for each.
 */
import { createHmac, randomInt } from "node:crypto";
import { createChallenge, verifySolution } from "altcha-lib";
import type { Payload } from "altcha-lib";
import { deriveKey } from "altcha-lib/algorithms/pbkdf2";
import { CHALLENGES_SPENT_MAX, CHALLENGE_LIFE_MS } from "../limits.ts";
import { Problem } from "./problem.ts";
import type { RateLimit } from "./rate_limits.ts";
import type { Tokens } from "./tokens.ts";

const ALGORITHM = "PBKDF2/SHA-256";
/** About a second of a phone: this many rounds for each of the guesses, and the guesses. */
const ROUNDS = 1_000;
const GUESSES_MIN = 500;
const GUESSES_MAX = 2_000;

/** Mints tokens for the anonymous persons of one LikesServer. */
export class Minting {
  readonly #tokens: Tokens;
  readonly #limit: RateLimit;
  readonly #freePerDay: number;
  readonly #signing: string;
  readonly #now: () => number;
  /** Challenges that were used, with the time at which they expire, the oldest first. */
  readonly #spent = new Map<string, number>();

  /** A network gets `freePerDay` persons without a challenge, and never more than `limit`. */
  constructor(
    secret: Uint8Array,
    tokens: Tokens,
    limit: RateLimit,
    options: { readonly freePerDay: number; readonly now: () => number },
  ) {
    this.#tokens = tokens;
    this.#limit = limit;
    this.#freePerDay = options.freePerDay;
    this.#now = options.now;
    this.#signing = createHmac("sha256", secret).update("challenge").digest("hex");
  }

  /** Returns the token of a new person. Throws Problem `challenge-required` or `quota-exceeded`. */
  async mint(site: string, client: string, solved: string | undefined): Promise<string> {
    if ((await this.#limit.charged(client)) >= this.#freePerDay) await this.#spend(site, solved);
    await this.#limit.charge(client, 1);
    return this.#tokens.mint(site);
  }

  async #spend(site: string, solved: string | undefined): Promise<void> {
    const payload = solved === undefined ? undefined : readPayload(solved);
    const isSolved = payload !== undefined && (await this.#isSolved(site, payload));
    const nonce = payload?.challenge.parameters.nonce ?? "";
    if (!isSolved || this.#spent.has(nonce)) throw await this.#required(site);
    for (const [old, expiresMs] of this.#spent) {
      if (expiresMs > this.#now() && this.#spent.size < CHALLENGES_SPENT_MAX) break;
      this.#spent.delete(old);
    }
    this.#spent.set(nonce, this.#now() + CHALLENGE_LIFE_MS);
  }

  async #isSolved(site: string, { challenge, solution }: Payload): Promise<boolean> {
    if (challenge.parameters.data?.["site"] !== site) return false;
    const secrets = { hmacSignatureSecret: this.#signing, hmacKeySignatureSecret: this.#signing };
    const result = await verifySolution({ challenge, solution, deriveKey, ...secrets });
    return result.verified;
  }

  async #required(site: string): Promise<Problem> {
    const challenge = await createChallenge({
      algorithm: ALGORITHM,
      cost: ROUNDS,
      counter: randomInt(GUESSES_MIN, GUESSES_MAX),
      deriveKey,
      data: { site },
      expiresAt: new Date(this.#now() + CHALLENGE_LIFE_MS),
      hmacSignatureSecret: this.#signing,
      hmacKeySignatureSecret: this.#signing,
    });
    const detail =
      "Cannot make a new person without a challenge: this network has had many today; solve the " +
      "challenge, and ask again with it as `altcha`";
    return new Problem("challenge-required", detail, { challenge });
  }
}

/** Returns what a browser's solver sends: a challenge and its solution in JSON, in base64. */
function readPayload(text: string): Payload | undefined {
  try {
    const payload = JSON.parse(Buffer.from(text, "base64").toString("utf8")) as Partial<Payload>;
    const { challenge, solution } = payload;
    const isPayload =
      typeof challenge?.parameters?.nonce === "string" &&
      typeof challenge.signature === "string" &&
      solution !== undefined;
    return isPayload ? { challenge, solution } : undefined;
  } catch {
    return undefined;
  }
}
