/** Those who give likes, and those who ask for counts: they never give a like twice. */
import type { LikesServerSeat } from "./seat.ts";
import type { Oracle } from "./oracle/oracle.ts";
import type { Surroundings } from "./process.ts";

interface Givers extends Surroundings {
  readonly isGiving: boolean;
  readonly oracle: Oracle;
  readonly seats: readonly LikesServerSeat[];
}

/** Gives likes for as long as the world wants some. */
export function give(world: Givers): void {
  const { random, agenda, plan, oracle } = world;
  if (!world.isGiving) return;
  const count = random.chance(0.1) ? random.whole(2, 12) : 1;
  for (let left = count; left > 0; left--) {
    const process = random.pick(world.seats).process;
    if (process?.core === undefined) continue;
    const likes = BigInt(random.whole(0, 42));
    const { requestId, itemId } = oracle.truth.attempt(likes);
    const event = { itemId, change: { kind: "add", likes } } as const;
    process.run(() => {
      process.drive({ type: "give", give: { requestId, event, generator: undefined } });
    });
  }
  if (random.chance(0.2)) ask(world);
  agenda.after(random.next() * 2 * plan.giveGapMs, () => give(world));
}

/** Somebody asks a LikesServer for items that were liked lately, there or elsewhere. */
function ask({ random, oracle, seats }: Givers): void {
  const newest = oracle.truth.gifts.length;
  if (newest === 0) return;
  const itemIds = Array.from({ length: random.whole(1, 4) }, () => {
    return `g${random.whole(Math.max(1, newest - 30), newest)}`;
  });
  const process = random.pick(seats).process;
  process?.run(() => process.drive({ type: "count", ask: { requestId: 0, itemIds, limit: 0 } }));
}
