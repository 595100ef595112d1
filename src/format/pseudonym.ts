/**
 * Makes pseudonyms of persons. Whoever has the secret can tell whether a subject has liked an item;
 * without it, a pseudonym tells nothing. All LikesServers of a ledger share one secret, or a person
 * would count once for each.
 */
import { createHmac } from "node:crypto";
import type { PersonId } from "../core/protocol/ids.ts";

const PERSON_DIGITS = 32;

/** Returns the pseudonym of a person for the items of one site. */
export function pseudonymOf(secret: Uint8Array, site: string, subject: string): PersonId {
  const text = `person\0${site}\0${subject}`;
  const digest = createHmac("sha256", secret).update(text).digest("hex");
  return digest.slice(0, PERSON_DIGITS) as PersonId;
}
