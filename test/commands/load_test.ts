import { test } from "uvu";
import * as assert from "uvu/assert";
import { runLoad } from "../../commands/_load.ts";
import type { LoadOptions } from "../../commands/_load.ts";
import { loadText, percentilesOf } from "../../src/cli/load_text.ts";
import { LikesError } from "../../src/errors.ts";

const ITEMS = ["a", "b", "c"];
const REFUSAL = { code: "outbox_full", message: "Cannot accept the likes: it is full" } as const;

test("runLoad() counts what was accepted, refused and unknown, and measures each like", async () => {
  for (const perCall of [1, 4]) {
    const counter = new FakeCounter();
    const load = await counter.load(perCall);
    assert.ok(load.accepted > 50, `${load.accepted} accepted`);
    assert.equal([load.refused, load.unknown, load.reason], [0, 0, undefined]);
    assert.is(load.counted, load.accepted);
    assert.is(load.acceptedMs.length, load.accepted);
    assert.is(load.visibleMs.length, load.accepted);
    assert.equal([load.missing, load.doubled], [0, 0]);
    assert.ok(counter.calls > 0 && counter.likes === load.accepted);
    assert.ok(
      [...counter.counts.values()].every((likes) => likes > 0n),
      "every item is liked",
    );
  }
});

test("runLoad() tells likes that are lost from likes that count twice", async () => {
  const lost = await new FakeCounter((call) => (call === 3 ? 0 : 1)).load(1);
  assert.equal([lost.missing, lost.doubled], [1, 0]);
  assert.match(loadText(lost, true).join("\n"), /^1 lost, 0 counted twice$/m);
  assert.match(loadText(lost, false).join("\n"), /^1 not counted yet, 0 counted twice$/m);
  const doubled = await new FakeCounter((call) => (call === 3 ? 2 : 1)).load(1);
  assert.equal([doubled.missing, doubled.doubled], [0, 1]);
  const both = await new FakeCounter((call) => ({ 3: 0, 4: 2 })[call] ?? 1).load(1);
  assert.equal([both.missing, both.doubled], [1, 1], "one does not excuse the other");
});

test("runLoad() tells refused likes from those whose answer was lost", async () => {
  const refusing = new FakeCounter(() => 1, { 2: new LikesError(REFUSAL.code, REFUSAL.message) });
  const refused = await refusing.load(1);
  assert.equal([refused.refused, refused.unknown, refused.reason], [1, 0, REFUSAL.message]);
  const losing = new FakeCounter(() => 1, { 2: new LikesError("outcome_unknown", "no answer") });
  const unknown = await losing.load(4);
  assert.equal([unknown.refused, unknown.unknown], [0, 4]);
  assert.equal([unknown.missing, unknown.doubled], [0, 0], "they may count or not");
});

test("runLoad() throws when the primary does not answer", async () => {
  const counter = new FakeCounter();
  counter.isAway = true;
  const error = await counter.load(1).catch((thrown: unknown) => thrown);
  assert.instance(error, LikesError);
});

test("percentilesOf() rounds to what was measured, and has none of nothing", () => {
  assert.equal(percentilesOf([1.23456, 2, 1_234.5]), {
    p50: 2,
    p95: 1_230,
    p99: 1_230,
    max: 1_230,
  });
  assert.is(percentilesOf([]), undefined);
  const wrong = { refused: 0, unknown: 0, missing: 0, doubled: 0, reason: undefined };
  const none = { accepted: 0, counted: 0, tookMs: 0, ...wrong };
  const text = loadText({ ...none, acceptedMs: [], visibleMs: [] }, true);
  assert.match(text.at(-1) ?? "", /counted by the primary +- +- +- +-$/);
});

test.run();

/** A counter of likes in memory. */
class FakeCounter {
  readonly counts = new Map<string, bigint>(ITEMS.map((itemId) => [itemId, 0n]));
  calls = 0;
  likes = 0;
  isAway = false;
  readonly #timesCounted: (call: number) => number;
  readonly #failures: Readonly<Record<number, LikesError>>;

  /** `timesCounted` is how often the likes of a call count. `failures` are those of some calls. */
  constructor(
    timesCounted: (call: number) => number = () => 1,
    failures: Readonly<Record<number, LikesError>> = {},
  ) {
    this.#timesCounted = timesCounted;
    this.#failures = failures;
  }

  load(perCall: number) {
    const giver: LoadOptions["givers"][number] = {
      addLikes: async ({ itemId }) => {
        this.#add([itemId]);
        return { serverId: "a", incarnation: "", sequence: 1 };
      },
      addLikesBatch: async (adds) => {
        this.#add(adds.map(({ itemId }) => itemId));
        const accepted = { type: "accepted", incarnation: "" as never, sequence: 1 } as const;
        return { serverId: "a", outcomes: adds.map(() => accepted) };
      },
    };
    let state = 1;
    return runLoad({
      givers: [giver, giver],
      primary: { counts: (request) => this.#read(request.itemIds ?? []) as never },
      itemIds: ITEMS,
      likesPerS: 1_000,
      durationMs: 100,
      perCall,
      timeoutMs: 50,
      isSettled: async () => true,
      random: () => (state = (state * 16_807) % 2_147_483_647) / 2_147_483_647,
      onProgress: () => {},
    });
  }

  #add(itemIds: readonly string[]): void {
    const failure = this.#failures[++this.calls];
    if (failure !== undefined) throw failure;
    this.likes += itemIds.length;
    const times = BigInt(this.#timesCounted(this.calls));
    for (const itemId of itemIds) this.counts.set(itemId, (this.counts.get(itemId) ?? 0n) + times);
  }

  async #read(itemIds: readonly string[]) {
    if (this.isAway) throw new LikesError("peer_unreachable", "Cannot reach the primary");
    return { counts: itemIds.map((itemId) => ({ itemId, likes: this.counts.get(itemId) ?? 0n })) };
  }
}
