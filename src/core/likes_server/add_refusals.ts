/** Why a LikesServer accepts no likes, in words for whoever adds them. */
import type { Refusal } from "../../errors.ts";
import { TOTAL_LIKES_ACCEPTING_MAX } from "../../limits.ts";
import type { LikesServerOptions } from "./likes_server_events.ts";
import type { OutboxMembership } from "./membership.ts";
import type { WriteFailure } from "../protocol/write_failure.ts";

/** The LikesServer is no member, or stops. */
export function refuseUnlessMember(
  { isAccepting, isStopping }: OutboxMembership,
  { serverId, primary }: LikesServerOptions,
): Refusal | undefined {
  if (isAccepting) return undefined;
  const why = isStopping
    ? "it is stopping; give them to another LikesServer"
    : `it waits for the primary at ${primary} to admit it; start a primary there`;
  return { code: "not_accepting", message: `Cannot accept likes at ${serverId}: ${why}` };
}

/** The total is near its end. The primary never has to refuse what was accepted because numbers end. */
export function refuseAtTotal(totalLikes: bigint): Refusal | undefined {
  if (totalLikes < TOTAL_LIKES_ACCEPTING_MAX) return undefined;
  const message =
    `Cannot accept the likes: the total is ${totalLikes}, and nothing is accepted from ` +
    `${TOTAL_LIKES_ACCEPTING_MAX} on; begin another ledger`;
  return { code: "too_many", message };
}

/** The outbox was not written. */
export function refuseUnwritten(why: WriteFailure, { serverId }: LikesServerOptions): Refusal {
  if (why === "disk_full") {
    const message = `Cannot accept the likes: the disk of ${serverId} is full`;
    return { code: "disk_full", message };
  }
  const message =
    `Cannot accept the likes: another program is writing to the outbox of ${serverId}; ` +
    "end that program";
  return { code: "store_busy", message };
}
