import { test } from "uvu";
import * as assert from "uvu/assert";
import { Refusals, addFrom } from "../../commands/_add_from.ts";
import type { AddFromOptions } from "../../commands/_add_from.ts";
import type { AddResult } from "../../src/core/likes_server/likes_server.ts";
import { LikesError } from "../../src/errors.ts";
import { ADDS_MAX } from "../../src/limits.ts";
import { faultOf, testId } from "../store/faults.ts";

type Adds = Parameters<AddFromOptions["client"]["addLikesBatch"]>[0];

/** A LikesServer, the batches that it got, and what became of the lines. */
class Fake {
  readonly batches: Adds[] = [];
  readonly accepted: string[] = [];
  readonly refused: string[] = [];
  readonly progress: number[] = [];
  readonly #answer: (add: Adds[number], batch: number) => AddResult;

  constructor(answer: (add: Adds[number], batch: number) => AddResult) {
    this.#answer = answer;
  }

  async addLikesBatch(adds: Adds) {
    this.batches.push(adds);
    return { serverId: "a", outcomes: adds.map((add) => this.#answer(add, this.batches.length)) };
  }

  async run(chunks: readonly string[], timeoutMs = 60_000): Promise<void> {
    await addFrom(streamOf(chunks), {
      client: this,
      timeoutMs,
      onAccepted: ({ itemId, likes, sequence }) => {
        this.accepted.push(`${itemId} +${likes} #${sequence}`);
      },
      onRefused: ({ number, refusal }) => this.refused.push(`${number} ${refusal.code}`),
      onProgress: (bytes) => this.progress.push(bytes),
    });
  }
}

async function* streamOf(chunks: readonly string[]): AsyncGenerator<Buffer> {
  for (const chunk of chunks) yield Buffer.from(chunk);
}

function accepting(): (add: Adds[number]) => AddResult {
  let sequence = 0;
  return () => ({ type: "accepted", incarnation: testId(1), sequence: ++sequence });
}

function refusing(code: "outbox_full" | "like_invalid"): AddResult {
  return { type: "refused", refusal: { code, message: "Cannot accept" } };
}

test("addFrom() sends what has arrived, at most ADDS_MAX lines at once", async () => {
  const fake = new Fake(accepting());
  await fake.run(["a 1\nb 2\nc", " 3\n", "d\n".repeat(ADDS_MAX + 1)]);
  assert.equal(
    fake.batches.map((adds) => adds.length),
    [2, 1, ADDS_MAX, 1],
  );
  assert.equal(fake.accepted.slice(0, 3), ["a +1 #1", "b +2 #2", "c +3 #3"]);
  assert.equal(fake.progress, [9, 12, 12 + 2 * (ADDS_MAX + 1)]);
});

test("addFrom() sends again what was refused for now, and nothing else", async () => {
  const accept = accepting();
  const fake = new Fake((add, batch) => {
    return add.itemId === "b" && batch < 3 ? refusing("outbox_full") : accept(add);
  });
  await fake.run(["a\nb\nc\n"]);
  assert.equal(
    fake.batches.map((adds) => adds.map(({ itemId }) => itemId).join("")),
    ["abc", "b", "b"],
  );
  assert.equal(fake.refused, []);
  assert.is(fake.accepted.length, 3);
});

test("addFrom() names lines that are refused for good, or until the timeout", async () => {
  const accept = accepting();
  const fake = new Fake((add) => {
    if (add.itemId === "b") return refusing("outbox_full");
    return add.itemId === "c" ? refusing("like_invalid") : accept(add);
  });
  await fake.run(["a\nb\nc\nd -1\ne\n"], 200);
  assert.equal(fake.refused.toSorted(), ["2 outbox_full", "3 like_invalid", "4 like_invalid"]);
  assert.equal(fake.accepted, ["a +1 #1", "e +1 #2"]);
});

test("addFrom() stops at a call without an answer, and names its lines", async () => {
  const accept = accepting();
  const fake = new Fake((add, batch) => {
    if (batch > 1) throw new LikesError("outcome_unknown", "Cannot tell");
    return accept(add);
  });
  const error = await faultOf("outcome_unknown", () => fake.run(["a\n\n", "b\nc\n", "d\n"]));
  assert.match(error.message, "Cannot tell; lines 3 to 4 may be added, and no later ones");
  assert.is(fake.batches.length, 2);
});

test("Refusals names the first few lines", () => {
  const refusals = new Refusals();
  refusals.throwIfAny();
  const refusal = { code: "like_invalid", message: "Cannot use it" } as const;
  for (let number = 1; number <= 7; number++) refusals.add({ number, refusal });
  try {
    refusals.throwIfAny();
    assert.unreachable();
  } catch (error) {
    assert.instance(error, LikesError);
    const { message, code } = error as LikesError;
    assert.is(code, "like_invalid");
    const [title, ...lines] = message.split("\n");
    assert.is(title, "Cannot add 7 lines; all others are added");
    assert.equal(
      [lines[0], lines.at(-1), lines.length],
      ["line 1: Cannot use it", "and 2 more", 6],
    );
  }
});

test.run();
