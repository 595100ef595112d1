/** The likes of each version of a ledger that a test kills. */
import { Random } from "../../simulator/random.ts";

const ITEMS = 300;
const ITEMS_OF_VERSION = 40;

/** Returns what a version adds, by item. */
export function likesOfVersion(version: number): ReadonlyMap<string, bigint> {
  const random = new Random(version);
  const likes = new Map<string, bigint>();
  for (let index = 0; index < ITEMS_OF_VERSION; index++) {
    const itemId = `item-${random.whole(1, ITEMS)}`;
    likes.set(itemId, (likes.get(itemId) ?? 0n) + BigInt(random.whole(0, 42)));
  }
  return likes;
}
