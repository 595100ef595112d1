/**
 * The refusals with which the primary ends streams. Those of the ledger's rules are in core/ledger.
 */
import type { Refusal } from "../../errors.ts";
import { PROTOCOL_VERSION, STREAMS_MAX } from "../../limits.ts";
import type { Hello } from "../protocol/messages.ts";
import type { LedgerId } from "../protocol/ids.ts";
import type { WriteFailure } from "../protocol/write_failure.ts";

/** STREAMS_MAX streams are open. */
export const STREAMS_FULL: Refusal = {
  code: "too_many",
  message: `Cannot open another stream: ${STREAMS_MAX} are open already`,
};

/** A newer stream delivers the incarnation. */
export const REPLACED: Refusal = {
  code: "replaced",
  message: "Cannot continue this stream: a newer Hello replaced it",
};

/** The outbox is being retired: messages of a half-open stream must not readmit it. */
export const RETIRED: Refusal = {
  code: "resynchronise",
  message: "Cannot continue this stream: its outbox is retired",
};

/** A commit wrote nothing. Waiting requests of operators get the same refusal. */
export const COMMIT_FAILED: Readonly<Record<WriteFailure, Refusal>> = {
  disk_full: { code: "disk_full", message: "Cannot write the ledger: its disk is full" },
  store_busy: {
    code: "store_busy",
    message: "Cannot write the ledger: another program is writing to it; end that program",
  },
};

/** Returns the refusal of a message that is wrong or out of order. */
export function invalidMessage(message: string): Refusal {
  return { code: "message_invalid", message };
}

/** Returns the refusal of a peer that did not send `what` within `waitMs`. */
export function silentPeer(what: string, waitMs: number): Refusal {
  const message = `Cannot wait longer for ${what}: none came within ${waitMs} ms`;
  return { code: "peer_silent", message };
}

/** Returns why a Hello is refused before it reaches the ledger; undefined when it is not. */
export function checkHello({ protocolVersion, seen }: Hello, own: LedgerId): Refusal | undefined {
  if (protocolVersion !== PROTOCOL_VERSION) {
    const message =
      `Cannot speak protocol version ${protocolVersion}: this primary speaks ` +
      `${PROTOCOL_VERSION}; run the same release on both sides`;
    return { code: "protocol_version", message };
  }
  if (seen === undefined || seen.ledgerId === own) return undefined;
  const message =
    `Cannot take the outbox of ledger ${seen.ledgerId}: this is ledger ${own}; point the ` +
    "LikesServer at its own primary, or start it with a new outbox";
  return { code: "ledger_other", message };
}
