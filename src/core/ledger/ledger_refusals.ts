/** Refusals that more than one rule of the ledger gives. */
import type { Refusal } from "../../errors.ts";
import type { Attempted } from "./unit_of_work.ts";
import type { LedgerResult } from "./ledger_command.ts";
import type { IncarnationId } from "../protocol/ids.ts";

/** An incarnation belongs to one outbox. */
export function foreignIncarnation(incarnation: IncarnationId): Refusal {
  const message = `Cannot take incarnation ${incarnation}: it belongs to another outbox`;
  return { code: "message_invalid", message };
}

/** The sender has to say Hello again, and goes on from what was applied. */
export function resynchronise(message: string): Refusal {
  return { code: "resynchronise", message };
}

/** The result of what was attempted for a stream: a refusal when it came to nothing. */
export function resultOfAttempt(
  streamId: number,
  attempted: Attempted<LedgerResult>,
): LedgerResult {
  if (attempted.type === "done") return attempted.value;
  const { kind: unrecorded, refusal } = attempted.unrecorded;
  return { type: "refused", streamId, refusal, unrecorded };
}
