/** Counts that race with new likes, their application and their acknowledgement. */
import * as fc from "fast-check";
import { test } from "uvu";
import * as assert from "uvu/assert";
import type { CountsAnswer, CountsView } from "../../../src/core/likes_server/count_cache.ts";
import { FIRST, like } from "../core_fixture.ts";
import { answer, fresh } from "./count_cache_fixture.ts";

/** The steps between two answers, in any order. */
type Step =
  | { readonly type: "accept"; readonly likes: readonly number[] }
  | { readonly type: "apply"; readonly events: number }
  | { readonly type: "acknowledge" }
  | { readonly type: "ask" }
  | { readonly type: "read" }
  | { readonly type: "answer" }
  | { readonly type: "fail" };

const STEP: fc.Arbitrary<Step> = fc.oneof(
  {
    weight: 4,
    arbitrary: fc.record({
      type: fc.constant("accept" as const),
      likes: fc.array(fc.nat(9), { minLength: 1, maxLength: 3 }),
    }),
  },
  {
    weight: 4,
    arbitrary: fc.record({ type: fc.constant("apply" as const), events: fc.nat(4) }),
  },
  {
    weight: 16,
    arbitrary: fc.constantFrom<Step>(
      { type: "acknowledge" },
      { type: "ask" },
      { type: "read" },
      { type: "answer" },
    ),
  },
  { weight: 1, arbitrary: fc.constant<Step>({ type: "fail" }) },
);

test("every count plus its pending likes is all that was accepted, in any order", () => {
  let checked = 0;
  fc.assert(
    fc.property(fc.array(STEP, { maxLength: 100, size: "max" }), (steps) => {
      const world = new SingleItemWorld();
      for (const step of steps) world.take(step);
      checked += world.checked;
    }),
    { numRuns: 1_000 },
  );
  assert.ok(checked > 2_000, `only ${checked} counts were checked`);
});

test.run();

/** A LikesServer that accepts all likes of one item, its ledger, and answers that arrive late. */
class SingleItemWorld {
  readonly #counts = fresh();
  readonly #events: bigint[] = [];
  #applied = 0;
  #acknowledged = 0;
  #nowMs = 0;
  #asking = false;
  /** The answer in transit. */
  #read: CountsAnswer | undefined;
  checked = 0;

  take(step: Step): void {
    this.#nowMs += 400; // so that some queries find a fresh count
    switch (step.type) {
      case "accept": {
        const events = step.likes.map((likes) => like(likes));
        this.#counts.accepted(FIRST, this.#events.length + 1, events);
        this.#events.push(...step.likes.map(BigInt));
        break;
      }
      case "apply":
        this.#applied = Math.min(this.#events.length, this.#applied + step.events);
        break;
      case "acknowledge":
        this.#acknowledged = this.#applied;
        this.#prune();
        break;
      case "ask":
        this.#ask();
        break;
      case "read":
        if (this.#asking) this.#read = answer({ video: this.#sum(this.#applied) }, this.#applied);
        break;
      case "answer":
        if (this.#read !== undefined) this.#end(this.#counts.fetched(this.#read, this.#nowMs));
        break;
      case "fail":
        if (this.#asking) this.#end(this.#counts.failed(this.#nowMs));
    }
  }

  #ask(): void {
    const asked = this.#counts.query({ requestId: 1, itemIds: ["video"], limit: 0 }, this.#nowMs);
    if (asked.type === "answered") this.#check(asked.view);
    this.#asking ||= this.#counts.fetch(this.#nowMs) !== undefined;
  }

  #end(views: readonly CountsView[]): void {
    this.#asking = false;
    this.#read = undefined;
    for (const view of views) this.#check(view);
    this.#prune();
    this.#asking = this.#counts.fetch(this.#nowMs) !== undefined;
  }

  #prune(): void {
    const last = { sequence: this.#events.length };
    this.#counts.prune([{ id: FIRST, last, acknowledged: { sequence: this.#acknowledged } }]);
  }

  #check({ counts }: CountsView): void {
    const fetched = counts?.[0]?.fetched;
    if (fetched === undefined) return;
    this.checked++;
    const { likes, pending } = fetched;
    assert.is(likes + (pending?.likes ?? -1n), this.#sum(this.#events.length));
  }

  #sum(events: number): bigint {
    return this.#events.slice(0, events).reduce((sum, likes) => sum + likes, 0n);
  }
}
