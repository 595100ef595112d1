/**
 * Repeated requests. A repeated set or named add would change nothing, so it is not stored again
 * while the outbox remembers the first one: its caller gets the name of that event.
 */
import { compareStates, registerKey } from "../protocol/register.ts";
import type { LikeEvent } from "../protocol/like_event.ts";
import type { AddResult, SetResult } from "./likes_server_events.ts";
import type { UnappliedEvents } from "./unapplied_events.ts";

/** Returns the answer to an event that is among the `stored` ones; undefined for a new one. */
export function knownResult(
  { itemId, change }: LikeEvent,
  stored: Pick<UnappliedEvents, "setOf" | "addOf">,
): AddResult | SetResult | undefined {
  if (change.kind === "set") {
    const known = stored.setOf(registerKey(change.person, itemId));
    if (known === undefined) return undefined;
    const order = compareStates(change.state, known.state);
    if (order > 0) return undefined;
    const { state } = known;
    return order === 0 ? { type: "stored", ...known } : { type: "superseded", state };
  }
  if (change.kind === "forget") return undefined;
  const known = change.operation && stored.addOf(change.operation);
  if (known === undefined) return undefined;
  const { incarnation, sequence } = known;
  const isSame = known.itemId === itemId && known.likes === change.likes;
  if (isSame) return { type: "accepted", incarnation, sequence };
  const message =
    `Cannot accept ${change.likes} likes for ${JSON.stringify(itemId)}: the same operation has ` +
    `added ${known.likes} for ${JSON.stringify(known.itemId)}; give each add a name of its own`;
  return { type: "refused", refusal: { code: "operation_reused", message } };
}
