/**
 * What a like costs, as ratios of processor time. Each ratio is taken in one run, so it depends
 * neither on the machine nor on its load. The bounds are about twice what was measured: they catch a
 * change that costs a multiple, such as a commit that writes all over the file again.
 */
import { test } from "uvu";
import * as assert from "uvu/assert";
import { measureAdds } from "../../bench/figures/events.ts";
import { measureCase } from "../../bench/figures/items.ts";

/** Events of the two backlogs whose difference is measured: a start costs as much as 500,000. */
const FEW = 20_000;
const MANY = 420_000;
/** Items that cost little need more events for a difference that is more than noise. */
const MANY_OF_ONE = 2_000_000;
/** The primary among 100,000 items, as a multiple of one item. Measured: 5 to 7; 40 without intake. */
const ITEMS_RATIO_MAX = 14;
/** Both roles by AddLikes, as a multiple of AddLikesBatch. Measured: 15. */
const BATCH_RATIO_MIN = 7;

test("a like among many items costs the primary only a few times as much as one of one", async () => {
  const one = await primaryUs(1, MANY_OF_ONE);
  const many = await primaryUs(100_000, MANY);
  assert.ok(one > 0 && many > 0, `${one} and ${many} us`);
  console.log(`primary: ${one.toFixed(2)} us of one item, ${many.toFixed(2)} us of 100,000`);
  assert.ok(many / one < ITEMS_RATIO_MAX, `${many / one} times as much`);
});

test("a like of a batch costs a fraction of one that is added alone", async () => {
  const alone = await addedUs(10_000, 1);
  const batched = await addedUs(200_000, 1_000);
  console.log(`both roles: ${alone.toFixed(1)} us alone, ${batched.toFixed(2)} us in a batch`);
  assert.ok(alone / batched > BATCH_RATIO_MIN, `${alone / batched} times as much`);
});

test.run();

/** Returns the processor time of the primary for one event, without its start. */
async function primaryUs(items: number, events: number): Promise<number> {
  const cost = async (count: number): Promise<number> => {
    const one = { name: `${items} items`, items, isZipf: false };
    return (await measureCase(one, count)).processorMs.primary;
  };
  const few = await cost(FEW);
  return (((await cost(events)) - few) * 1_000) / (events - FEW);
}

/** Returns the processor time of both roles for one like, with their starts. */
async function addedUs(likes: number, perCall: number): Promise<number> {
  const atOnce = perCall === 1 ? 500 : 4;
  const { processorMs } = await measureAdds(likes, { atOnce, perCall });
  return ((processorMs.likesServer + processorMs.primary) * 1_000) / likes;
}
