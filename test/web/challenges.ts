/** Challenges that new persons solve. */
import { solveChallenge } from "altcha-lib";
import type { Challenge } from "altcha-lib";
import { deriveKey } from "altcha-lib/algorithms/pbkdf2";
import type { Answer } from "./pages_client.ts";

/** Returns the challenge that an answer asks to solve. */
export function challengeIn({ json }: Answer): Challenge {
  return (json as { readonly challenge: Challenge }).challenge;
}

/** Solves a challenge as the browser's library does, and writes it as that does. */
export async function solved(challenge: Challenge): Promise<string> {
  const solution = await solveChallenge({ challenge, deriveKey, timeout: 0 });
  return Buffer.from(JSON.stringify({ challenge, solution })).toString("base64");
}
