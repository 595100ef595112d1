/** The end of a world: everybody leaves, while likes are given, and `as_of` goes on alone. */
import type { LedgerDisk } from "../../src/store/ledger/memory_ledger.ts";
import { add } from "./client.ts";
import type { Clients } from "./client.ts";
import type { PrimaryProcess } from "./primary.ts";
import type { LikesServerSeat } from "./seat.ts";

/** The world, as far as it ends. */
export interface Ending extends Clients {
  isGiving: boolean;
  readonly ledger: LedgerDisk;
  readonly primary: PrimaryProcess | undefined;
}

/** So long likes are still given. */
const GIVING_MS = 400;

/** Lets everybody leave within `boundMs`. Returns whether nobody is left, and `as_of` has moved on. */
export function leave(world: Ending, boundMs: number): boolean {
  const { agenda, primary, seats } = world;
  world.isGiving = true;
  add(world);
  agenda.after(GIVING_MS, () => (world.isGiving = false));
  for (const seat of seats) leaveBy(world, seat);
  const sinceMs = (primary?.core?.status(primary.nowMs).nowMs ?? 0) + GIVING_MS;
  const isOver = (): boolean => {
    const status = world.primary?.core?.status(world.primary.nowMs);
    return status?.servers.length === 0 && status.asOfMs >= sinceMs && !world.isGiving;
  };
  agenda.runUntil(agenda.nowMs + boundMs, isOver);
  return isOver();
}

/** One that had to be killed before it could leave is started for that once more. */
function leaveBy(world: Ending, seat: LikesServerSeat): void {
  const { agenda, random } = world;
  agenda.after(random.next() * GIVING_MS, () => {
    const isMember = world.ledger.members.get(seat.outboxId)?.state === "member";
    seat.isHeldDown = false;
    if (isMember) seat.start();
    seat.isHeldDown = true;
    const { process } = seat;
    process?.run(() => process.stop(true));
    if (!seat.isGone) leaveBy(world, seat);
  });
}
