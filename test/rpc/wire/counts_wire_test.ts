import * as fc from "fast-check";
import { test } from "uvu";
import * as assert from "uvu/assert";
import type { CountsRequest } from "../../../src/core/primary/counts_page.ts";
import type { CachedCount } from "../../../src/core/likes_server/count_cache.ts";
import {
  readCounts,
  readCountsRequest,
  readCachedCounts,
  writeCounts,
  writeCountsRequest,
  writeCachedCounts,
} from "../../../src/rpc/wire/counts_wire.ts";
import type { Counts } from "../../../src/core/primary/counts_reader.ts";
import { protos } from "../../../src/rpc/protos.ts";
import { registerKey } from "../../../src/core/protocol/register.ts";
import { faultOf, testId } from "../../store/faults.ts";
import { record } from "./arbitrary_messages.ts";
import { NO_COUNTS } from "../serving.ts";

const ID = fc.nat(0xffff).map(testId);
const WHOLE = fc.nat(Number.MAX_SAFE_INTEGER);
const LIKES = fc.bigInt({ min: 0n, max: 2n ** 64n - 1n });
const ITEM_ID = fc.string({ minLength: 1, unit: "grapheme" });
const CODECS = protos.PrimaryService.service.GetCounts;
const CACHED_CODECS = protos.LikesService.service.GetCachedCounts;

const REQUEST: fc.Arbitrary<CountsRequest> = record({
  itemIds: fc.array(ITEM_ID),
  pageSize: fc.nat(2 ** 31),
  pageToken: fc.string(),
  order: fc.constantFrom(undefined, "most_liked", "item_id"),
  incarnations: fc.array(ID),
  registers: fc.array(fc.tuple(ID, ITEM_ID).map(([person, itemId]) => registerKey(person, itemId))),
});

const STATE = record({ revision: fc.nat(2 ** 31), reaction: fc.nat(63), likes: fc.nat(50) });
/** Likes, with or without some of other reactions than the plain like. */
const REACTIONS = fc.option(
  fc.array(fc.tuple(fc.integer({ min: 2, max: 63 }), LIKES), { minLength: 1 }),
  { nil: undefined },
);

function withReactions<Count>(count: Count, reactions: [number, bigint][] | undefined) {
  return reactions === undefined ? count : { ...count, reactions: new Map(reactions) };
}

const COUNTS: fc.Arbitrary<Counts> = record({
  counts: fc.array(
    fc
      .tuple(record({ itemId: ITEM_ID, likes: LIKES }), REACTIONS)
      .map(([count, reactions]) => withReactions(count, reactions)),
  ),
  registers: fc.array(STATE),
  convergence: fc.constantFrom("converged", "catching_up", "unknown"),
  asOfMs: WHOLE,
  version: WHOLE,
  nextPageToken: fc.string(),
  applied: fc.array(record({ incarnation: ID, appliedSequence: WHOLE })),
  ledgerId: ID,
  generation: ID,
});

const FETCHED = fc
  .tuple(
    record({
      likes: LIKES,
      pending: fc.option(record({ likes: LIKES, sets: WHOLE }), { nil: undefined }),
      asOfMs: WHOLE,
      version: WHOLE,
      generation: ID,
      ageMs: WHOLE,
    }),
    REACTIONS,
  )
  .map(([fetched, reactions]) => withReactions(fetched, reactions));
const OWN = record({
  state: STATE,
  countedLikes: fc.option(fc.nat(50), { nil: undefined }),
  isCertain: fc.boolean(),
});
const CACHED: fc.Arbitrary<CachedCount> = fc
  .tuple(
    record({ itemId: ITEM_ID, fetched: fc.option(FETCHED, { nil: undefined }) }),
    fc.option(OWN, { nil: undefined }),
  )
  .map(([count, own]) => (own === undefined ? count : { ...count, own }));

test("readCountsRequest() and readCounts() return what was sent over the wire", () => {
  fc.assert(
    fc.property(REQUEST, COUNTS, (request, counts) => {
      const { requestSerialize, requestDeserialize, responseSerialize } = CODECS;
      const received = requestDeserialize(requestSerialize(writeCountsRequest(request)));
      assert.equal(readCountsRequest(received), request);
      const sent = CODECS.responseDeserialize(responseSerialize(writeCounts(counts)));
      assert.equal(readCounts(sent), counts);
    }),
  );
});

test("readCachedCounts() tells 0 from an unknown count sent over the wire", () => {
  fc.assert(
    fc.property(fc.array(CACHED), (counts) => {
      const { responseSerialize, responseDeserialize } = CACHED_CODECS;
      const wire = writeCachedCounts({ serverId: "a", counts });
      const sent = responseDeserialize(responseSerialize(wire));
      assert.equal(readCachedCounts(sent), { serverId: "a", counts });
    }),
  );
});

test("readCounts() refuses an invalid field", async () => {
  const wire = writeCounts(NO_COUNTS);
  const tooMuch = { incarnation: testId(1), appliedSequence: String(2n ** 53n) };
  for (const bad of [{ ledgerId: "" }, { version: "-1" }, { applied: [tooMuch] }]) {
    await faultOf("message_invalid", () => readCounts({ ...wire, ...bad }));
  }
});

test.run();
