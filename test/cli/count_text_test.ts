import { test } from "uvu";
import * as assert from "uvu/assert";
import { countText, cachedCountText } from "../../src/cli/count_text.ts";
import { testId } from "../store/faults.ts";

// Each test file has its own process, so setting the zone affects no other.
process.env["TZ"] = "UTC";
const AS_OF_MS = Date.UTC(2026, 10, 22, 12, 0, 1);

const generation = testId(1);

test("countText() draws items, likes and as_of when there are items", () => {
  const counts = [
    { itemId: "video", likes: 6_231n },
    { itemId: "a longer item", likes: 0n },
  ];
  const lines = countText({ counts, convergence: "converged", asOfMs: AS_OF_MS }).split("\n");
  assert.equal(lines, [
    "item           likes",
    "video          6,231",
    "a longer item      0",
    "",
    "CONVERGED as of 2026-11-22 12:00:01",
  ]);
});

test("countText() says so when no item has likes", () => {
  const text = countText({ counts: [], convergence: "unknown", asOfMs: 0 });
  assert.is(text, "no item has likes yet\n\nUNKNOWN, as_of unknown");
});

test("countText() escapes item ids when they have escape sequences", () => {
  const counts = [{ itemId: "\u001b[31mred\u202e", likes: 1n }];
  const text = countText({ counts, convergence: "catching_up", asOfMs: AS_OF_MS });
  assert.not.ok(text.includes("\u001b"));
  assert.ok(text.includes("\\u{1b}[31mred\\u{202e}"));
  assert.ok(text.includes("CATCHING_UP as of"));
});

test("countText() cuts item ids when the terminal is narrow", () => {
  const counts = [{ itemId: "i".repeat(256), likes: 123_456n }];
  const view = { counts, convergence: "converged", asOfMs: AS_OF_MS } as const;
  for (const line of countText(view, { columns: 40 }).split("\n")) assert.ok(line.length <= 40);
  assert.match(countText(view, { columns: 40 }), /iii… +123,456/);
});

test("cachedCountText() draws counts, unknown ones as `?`, with their ages", () => {
  const fetched = {
    likes: 6_231n,
    pending: { likes: 5n, sets: 0 },
    asOfMs: AS_OF_MS,
    version: 1,
    generation,
    ageMs: 300,
  };
  const counts = [
    { itemId: "video", fetched },
    {
      itemId: "song",
      fetched: { ...fetched, likes: 2n ** 63n - 1n, pending: undefined, ageMs: 252_000 },
    },
    { itemId: "missing", fetched: undefined },
  ];
  assert.equal(cachedCountText({ serverId: "fra-1", counts }).split("\n"), [
    "item                         likes  +here       fetched",
    "video                        6,231      5     0.3 s ago",
    "song     9,223,372,036,854,775,807      ?  4 m 12 s ago",
    "missing                          ?      ?             ?",
    "",
    "cached by fra-1, as of 2026-11-22 12:00:01 or later",
  ]);
});

test("cachedCountText() fits a narrow terminal, and says so when no item has likes", () => {
  const fetched = {
    likes: 1n,
    pending: { likes: 0n, sets: 0 },
    asOfMs: 0,
    version: 1,
    generation,
    ageMs: 0,
  };
  const view = { serverId: "fra-1", counts: [{ itemId: "i".repeat(256), fetched }] };
  for (const line of cachedCountText(view, { columns: 40 }).split("\n")) {
    assert.ok(line.length <= 40, line);
  }
  assert.match(cachedCountText(view), "cached by fra-1, as_of unknown");
  const empty = cachedCountText({ serverId: "fra-1", counts: [] });
  assert.is(empty, "no item has likes yet\n\ncached by fra-1");
});

test("countText() draws the reactions of items when there are any", () => {
  const counts = [
    {
      itemId: "video",
      likes: 1_015n,
      reactions: new Map([[3, 3n] as const, [7, 1_000n] as const]),
    },
    { itemId: "song", likes: 4n },
    { itemId: "post", likes: 2n, reactions: new Map([[2, 2n]]) },
    { itemId: "none", likes: 0n },
  ];
  const lines = countText({ counts, convergence: "converged", asOfMs: AS_OF_MS }).split("\n");
  assert.equal(lines.slice(0, 5), [
    "item   likes         reactions",
    "video  1,015  12×1 3×3 1,000×7",
    "song       4               4×1",
    "post       2               2×2",
    "none       0",
  ]);
});

test("cachedCountText() draws what a person gives, and the likes as that person sees them", () => {
  const fetched = {
    likes: 10n,
    pending: { likes: 0n, sets: 2 },
    asOfMs: AS_OF_MS,
    version: 1,
    generation,
    ageMs: 300,
  };
  const liked = { revision: 1, reaction: 1, likes: 1 };
  const takenBack = { revision: 2, reaction: 0, likes: 0 };
  const counts = [
    { itemId: "counted", fetched, own: { state: liked, countedLikes: 1, isCertain: true } },
    { itemId: "given", fetched, own: { state: liked, countedLikes: 0, isCertain: true } },
    { itemId: "back", fetched, own: { state: takenBack, countedLikes: 1, isCertain: true } },
    {
      itemId: "away",
      fetched,
      own: { state: { ...liked, reaction: 3 }, countedLikes: undefined, isCertain: true },
    },
    {
      itemId: "never",
      fetched: undefined,
      own: { state: liked, countedLikes: undefined, isCertain: true },
    },
    { itemId: "unknown", fetched: { ...fetched, pending: { likes: 5n, sets: 1 } } },
  ];
  assert.equal(cachedCountText({ serverId: "fra-1", counts }).split("\n").slice(0, 7), [
    "item                      own  seen  likes         +here    fetched",
    "counted                1 like    10     10  0 and 2 sets  0.3 s ago",
    "given                  1 like    11     10  0 and 2 sets  0.3 s ago",
    "back                  0 likes     9     10  0 and 2 sets  0.3 s ago",
    "away     1 like of reaction 3     ?     10  0 and 2 sets  0.3 s ago",
    "never                  1 like     ?      ?             ?          ?",
    "unknown                     ?     ?     10   5 and 1 set  0.3 s ago",
  ]);
});

test.run();
