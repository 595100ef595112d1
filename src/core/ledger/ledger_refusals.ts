/** Refusals that several rules of the ledger share. */
import type { Refusal } from "../../errors.ts";
import type { Attempted } from "./unit_of_work.ts";
import type { LedgerResult } from "./ledger_command.ts";
import type { Fingerprint, IncarnationId } from "../protocol/ids.ts";

/** Returns the refusal of an incarnation that belongs to another outbox. */
export function foreignIncarnation(incarnation: IncarnationId): Refusal {
  const message = `Cannot take incarnation ${incarnation}: it belongs to another outbox`;
  return { code: "message_invalid", message };
}

/**
 * Returns why a secret with the fingerprint `theirs` is refused; undefined if it is the secret of
 * the ledger, or the ledger has none yet. With two secrets a person would count twice.
 */
export function checkFingerprint(
  theirs: Fingerprint,
  own: Fingerprint | undefined,
): Refusal | undefined {
  if (own === undefined || theirs === own) return undefined;
  const message =
    `Cannot admit a LikesServer whose persons.secret has fingerprint ${theirs}: that of this ` +
    `ledger is ${own}; copy persons.secret from the data folder of an admitted LikesServer, and ` +
    "start this one again";
  return { code: "secret_differs", message };
}

/**
 * Returns a refusal after which the sender says Hello again and continues after the applied
 * sequence.
 */
export function resynchronise(message: string): Refusal {
  return { code: "resynchronise", message };
}

/** Returns the result of an attempt for a stream: `refused` when the attempt was undone. */
export function resultOfAttempt(
  streamId: number,
  attempted: Attempted<LedgerResult>,
): LedgerResult {
  if (attempted.type === "done") return attempted.value;
  const { kind: unrecorded, refusal } = attempted.unrecorded;
  return { type: "refused", streamId, refusal, unrecorded };
}

/**
 * No LikesServer of this protocol version accepts such an event, because both sides share the
 * bounds. The event comes from something else, and must not reach the total.
 */
export function beyondProtocol(sequence: number, why: string): Refusal {
  return { code: "message_invalid", message: `Cannot apply #${sequence}: ${why}` };
}

/** A newer LikesServer sent a change that this primary cannot count. */
export function unknownChange(sequence: number): Refusal {
  const message =
    `Cannot apply #${sequence}: its change is of a kind that this primary does not know; ` +
    "upgrade the primary";
  return { code: "change_unknown", message };
}
