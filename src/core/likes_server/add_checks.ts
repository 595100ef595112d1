/**
 * Why a LikesServer accepts no likes, in words for the client. A check returns undefined when likes
 * can be accepted.
 */
import type { Refusal } from "../../errors.ts";
import { TOTAL_LIKES_ACCEPTING_MAX } from "../../limits.ts";
import type { LikesServerSettings } from "./likes_server_events.ts";
import type { OutboxMembership } from "./membership.ts";
import type { WriteFailure } from "../protocol/write_failure.ts";

/** Refuses while the LikesServer stops, or is not yet a member. */
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
 * Refuses near the end of the total's range. So the primary never has to refuse accepted likes
 * because the total has no room.
 */
export function checkTotal(totalLikes: bigint): Refusal | undefined {
  if (totalLikes < TOTAL_LIKES_ACCEPTING_MAX) return undefined;
  const message =
    `Cannot accept the likes: the total is ${totalLikes}, and no more are accepted from ` +
    `${TOTAL_LIKES_ACCEPTING_MAX} on; begin another ledger`;
  return { code: "too_many", message };
}

/** Returns the refusal of likes that the store could not write. */
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
