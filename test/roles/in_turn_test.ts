import { test } from "uvu";
import * as assert from "uvu/assert";
import { inTurn } from "../../src/roles/in_turn.ts";

test("inTurn() handles a nested event after the one that caused it", () => {
  const seen: string[] = [];
  const handle = inTurn<number>((event) => {
    seen.push(`begin ${event}`);
    if (event === 1) handle(2);
    seen.push(`end ${event}`);
  });
  handle(1);
  assert.equal(seen, ["begin 1", "end 1", "begin 2", "end 2"]);
});

test("inTurn() continues with the next event when one throws", () => {
  const seen: number[] = [];
  const handle = inTurn<number>((event) => {
    if (event === 1) throw new Error("one");
    seen.push(event);
  });
  assert.throws(() => handle(1), "one");
  handle(2);
  assert.equal(seen, [2]);
});

test.run();
