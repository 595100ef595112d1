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

  async run(
    chunks: readonly string[],
    timeoutMs = 60_000,
    operation?: AddFromOptions["operation"],
  ): Promise<void> {
    await addFrom(streamOf(chunks), {
      client: this,
      timeoutMs,
      operation,
      onAnswered: ({ accepted, refused }) => {
        for (const { itemId, likes, sequence } of accepted) {
          this.accepted.push(`${itemId} +${likes} #${sequence}`);
        }
        for (const { number, refusal } of refused) this.refused.push(`${number} ${refusal.code}`);
      },
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

test("addFrom() goes on after lines that are refused for good", async () => {
  const accept = accepting();
  const fake = new Fake((add) => {
    return add.itemId === "c" ? refusing("like_invalid") : accept(add);
  });
  await fake.run(["a\nc\nd -1\ne\n"]);
  assert.equal(fake.refused.toSorted(), ["2 like_invalid", "3 like_invalid"]);
  assert.equal(fake.accepted, ["a +1 #1", "e +1 #2"]);
});

test("addFrom() stops at lines that are refused until the timeout, and names them", async () => {
  const accept = accepting();
  const fake = new Fake((add) => (add.itemId === "b" ? refusing("outbox_full") : accept(add)));
  const error = await faultOf("outbox_full", () => fake.run(["a\nb\nc\n", "d\n"], 200));
  const text = "line 2: not added; all other lines up to 3 are done, and no later one";
  assert.is(error.message, `Cannot accept\n${text}`);
  assert.equal(fake.accepted, ["a +1 #1", "c +1 #2"]);
});

test("addFrom() stops at a call without an answer, and names its lines", async () => {
  const accept = accepting();
  const fake = new Fake((add, batch) => {
    if (batch > 1) throw new LikesError("outcome_unknown", "Cannot tell");
    return accept(add);
  });
  const error = await faultOf("outcome_unknown", () => fake.run(["a\n\n", "b\n\nc\n", "d\n"]));
  assert.is(error.message, "Cannot tell\nlines 3 to 5: may be added; no later line is added");
  assert.is(fake.batches.length, 2);
});

test("addFrom() names only the repeated lines when their answer is lost", async () => {
  const accept = accepting();
  const fake = new Fake((add, batch) => {
    if (batch > 1) throw new LikesError("outcome_unknown", "Cannot tell");
    return ["b", "d"].includes(add.itemId) ? refusing("outbox_full") : accept(add);
  });
  const error = await faultOf("outcome_unknown", () => fake.run(["a\nb\nc\nd\ne\n"]));
  const text = "lines 2, 4: may be added; all other lines up to 5 are done, and no later one";
  assert.is(error.message, `Cannot tell\n${text}`);
});

test("addFrom() names each line by its number, also when it is sent again", async () => {
  const accept = accepting();
  const fake = new Fake((add, batch) => {
    return add.itemId === "d" && batch < 3 ? refusing("outbox_full") : accept(add);
  });
  const client = testId(0xc1);
  await fake.run(["a\n\nb -1\nc\n", "d\ne\n"], undefined, { client, number: 7 });
  assert.equal(
    fake.batches.map((adds) =>
      adds.map(({ itemId, operation }) => `${itemId} ${operation?.number}`),
    ),
    [["a 7", "c 10"], ["d 11", "e 12"], ["d 11"]],
  );
  for (const { operation } of fake.batches.flat()) assert.is(operation?.client, client);
  const unnamed = new Fake(accepting());
  await unnamed.run(["a\n"]);
  assert.is(unnamed.batches[0]?.[0]?.operation, undefined);
});

test("addFrom() tries a call again that the server refuses for now", async () => {
  const accept = accepting();
  const fake = new Fake((add, batch) => {
    if (batch === 1) throw new LikesError("too_many", "Cannot accept another call");
    return accept(add);
  });
  await fake.run(["a\n"]);
  assert.equal([fake.accepted, fake.batches.length], [["a +1 #1"], 2]);
});

test("addFrom() throws usage when the input cannot be read further", async () => {
  const fake = new Fake(accepting());
  const input = async function* () {
    yield Buffer.from("a\n");
    throw new Error("EIO");
  };
  const options = { client: fake, timeoutMs: 1, onAnswered: () => {}, onProgress: () => {} };
  const error = await faultOf("usage", () => addFrom(input(), options));
  assert.match(error.message, "Cannot read more lines: EIO");
});

test("Refusals names the first few lines, beside the error that ended all", () => {
  const refusals = new Refusals();
  assert.is(refusals.errorWith(undefined), undefined);
  const thrown = new LikesError("peer_unreachable", "Cannot reach it");
  assert.is(refusals.errorWith(thrown), thrown);
  const refusal = { code: "like_invalid", message: "Cannot use it" } as const;
  for (let number = 1; number <= 7; number++) refusals.add({ number, refusal });
  const error = refusals.errorWith(undefined);
  const [title, ...lines] = error?.message.split("\n") ?? [];
  assert.is(error?.code, "like_invalid");
  assert.is(title, "Cannot add all lines: 7 lines are refused");
  assert.equal([lines[0], lines.at(-1), lines.length], ["line 1: Cannot use it", "and 2 more", 6]);
  const both = refusals.errorWith(thrown);
  assert.is(both?.code, "peer_unreachable");
  assert.match(both?.message ?? "", /^Cannot reach it\nCannot add all lines: 7/);
  refusals.add({ number: 8, refusal: { code: "outcome_unknown", message: "Cannot tell" } });
  assert.is(refusals.errorWith(thrown)?.code, "outcome_unknown", "one may be added");
});

test.run();
