/** Those who give likes, and those who ask for counts: they never give a like twice. */
import type { LikesServerSeat } from "./seat.ts";
import type { Oracle } from "./oracle/oracle.ts";
import type { Surroundings } from "./process.ts";

/** The world, as far as likes are given in it. */
export interface Clients extends Surroundings {
  readonly isGiving: boolean;
  readonly oracle: Oracle;
  readonly seats: readonly LikesServerSeat[];
}

/** Of the likes, those to an item that got some lately, here or elsewhere. */
const SHARED_SHARE = 0.3;

/** Gives likes for as long as the world wants some. */
export function add(world: Clients): void {
  const { random, agenda, plan, oracle } = world;
  if (!world.isGiving) return;
  const count = random.chance(0.1) ? random.whole(2, 12) : 1;
  for (let left = count; left > 0; left--) {
    const process = random.pick(world.seats).process;
    if (process?.core === undefined || (process.isIdle && world.isUnkind)) continue;
    const likes = BigInt(random.whole(0, 42));
    const lately = oracle.truth.gifts.at(-1 - random.whole(0, 5));
    const beside = random.chance(SHARED_SHARE) ? lately : undefined;
    const { requestId, itemId } = oracle.truth.attempt(likes, beside);
    const event = { itemId, change: { kind: "add", likes } } as const;
    process.run(() => {
      process.drive({ type: "add", add: { requestId, event, mark: undefined } });
    });
  }
  if (random.chance(0.2)) ask(world);
  agenda.after(random.next() * 2 * plan.addGapMs, () => add(world));
}

/** Somebody asks a LikesServer for items that were liked lately, there or elsewhere. */
function ask({ random, oracle, seats }: Clients): void {
  const lately = oracle.truth.gifts.slice(-30);
  if (lately.length === 0) return;
  const itemIds = Array.from({ length: random.whole(1, 4) }, () => random.pick(lately).itemId);
  const process = random.pick(seats).process;
  process?.run(() => process.drive({ type: "count", query: { requestId: 0, itemIds, limit: 0 } }));
}
