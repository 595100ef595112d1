/**
 * Why a LikesServer accepts no likes, in words for whoever adds them. A check returns undefined
 * when it finds nothing.
 */
import type { Refusal } from "../../errors.ts";
import { TOTAL_LIKES_ACCEPTING_MAX } from "../../limits.ts";
import type { LikesServerSettings } from "./likes_server_events.ts";
import type { OutboxMembership } from "./membership.ts";
import type { WriteFailure } from "../protocol/write_failure.ts";

/** Returns the refusal of a LikesServer that is no member, or stops. */
export function checkMembership(
  { isAccepting, isStopping }: OutboxMembership,
  { serverId, primary }: LikesServerSettings,
): Refusal | undefined {
  if (isAccepting) return undefined;
  const why = isStopping
    ? "it is stopping; add them at another LikesServer"
    : `it waits for the primary at ${primary} to admit it; start a primary there`;
  return { code: "not_accepting", message: `Cannot accept likes at ${serverId}: ${why}` };
}

/**
 * Returns the refusal when the total is near its end. So the primary never has to refuse accepted
 * likes because its numbers end.
 */
export function checkTotal(totalLikes: bigint): Refusal | undefined {
  if (totalLikes < TOTAL_LIKES_ACCEPTING_MAX) return undefined;
  const message =
    `Cannot accept the likes: the total is ${totalLikes}, and nothing is accepted from ` +
    `${TOTAL_LIKES_ACCEPTING_MAX} on; begin another ledger`;
  return { code: "too_many", message };
}

/** Returns the refusal of likes that could not be written. */
export function writeRefusal(why: WriteFailure, { serverId }: LikesServerSettings): Refusal {
  if (why === "disk_full") {
    const message = `Cannot accept the likes: the disk of ${serverId} is full`;
    return { code: "disk_full", message };
  }
  const message =
    `Cannot accept the likes: another program is writing to the outbox of ${serverId}; ` +
    "end that program";
  return { code: "store_busy", message };
}
