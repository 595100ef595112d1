/**
 * Makes pseudonyms of persons. Whoever has the secret can tell whether a subject has liked an item;
 * without it, a pseudonym tells nothing. All LikesServers of a ledger share one secret, or a person
 * would count once for each. Its fingerprint shows that they do, and tells nothing else.
 */
import { createHmac } from "node:crypto";
import type { Fingerprint, PersonId } from "../core/protocol/ids.ts";

const DIGITS = 32;

/** Returns the pseudonym of a person for the items of one site. */
export function pseudonymOf(secret: Uint8Array, site: string, subject: string): PersonId {
  const text = `person\0${site}\0${subject}`;
  return hmacOf(secret, text) as PersonId;
}

/** Returns the fingerprint of a secret. No person has its text, so it is no pseudonym. */
export function fingerprintOf(secret: Uint8Array): Fingerprint {
  return hmacOf(secret, "fingerprint") as Fingerprint;
}

function hmacOf(secret: Uint8Array, text: string): string {
  return createHmac("sha256", secret).update(text).digest("hex").slice(0, DIGITS);
}
