/** The cache of a LikesServer and the answers of its primary, for the tests of cached counts. */
import { CountCache } from "../../../src/core/likes_server/count_cache.ts";
import type { CountsAnswer } from "../../../src/core/likes_server/count_cache.ts";
import { FIRST, GENERATION, LEDGER } from "../core_fixture.ts";

/** A cache of a LikesServer with one incarnation, before its first event. */
export function fresh(): CountCache {
  return new CountCache([{ id: FIRST, last: { sequence: 0 }, acknowledged: { sequence: 0 } }]);
}

/** An answer: the likes of each item, and which events of the incarnation they include. */
export function answer(likes: Readonly<Record<string, bigint>>, applied = 0): CountsAnswer {
  return {
    counts: Object.entries(likes).map(([itemId, itemLikes]) => ({ itemId, likes: itemLikes })),
    registers: [],
    applied: [{ incarnation: FIRST, appliedSequence: applied }],
    asOfMs: 5,
    version: 6,
    ledgerId: LEDGER,
    generation: GENERATION,
  };
}
