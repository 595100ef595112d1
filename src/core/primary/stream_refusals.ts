/** Refusals with which the primary itself ends streams. Those of the ledger are in core/ledger. */
import type { Refusal } from "../../errors.ts";
import { PROTOCOL_VERSION, STREAMS_MAX } from "../../limits.ts";
import type { Hello } from "../protocol/messages.ts";
import type { LedgerId } from "../protocol/ids.ts";
import type { WriteFailure } from "../protocol/write_failure.ts";

/** There are as many streams as may be. */
export const STREAMS_FULL: Refusal = {
  code: "too_many",
  message: `Cannot take another stream: there are ${STREAMS_MAX} already`,
};

/** Only the newest stream delivers an incarnation. */
export const REPLACED: Refusal = {
  code: "replaced",
  message: "Cannot go on with this stream: a newer Hello replaced it",
};

/** What a half open stream has under way must not undo the retiring. */
export const RETIRED: Refusal = {
  code: "resynchronise",
  message: "Cannot go on with this stream: its outbox is retired",
};

/** Nothing of a commit was written. Operators hear the same. */
export const NOT_WRITTEN: Readonly<Record<WriteFailure, Refusal>> = {
  disk_full: { code: "disk_full", message: "Cannot write the ledger: its disk is full" },
  store_busy: {
    code: "store_busy",
    message: "Cannot write the ledger: another program is writing to it; end that program",
  },
};

/** The peer broke the order of messages, or a message is wrong. */
export function invalidMessage(message: string): Refusal {
  return { code: "message_invalid", message };
}

/** The peer did not send `what` for too long. */
export function silentPeer(what: string, waitMs: number): Refusal {
  const message = `Cannot wait longer for ${what}: none came within ${waitMs} ms`;
  return { code: "peer_silent", message };
}

/** Returns why a Hello is refused before the ledger sees it; undefined when it is not. */
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
    "LikesServer to its own primary, or start it with a new outbox";
  return { code: "ledger_other", message };
}
