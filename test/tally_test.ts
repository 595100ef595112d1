import { test } from "uvu";
import * as assert from "uvu/assert";
import { Tally } from "../src/tally.ts";

test("Tally counts each name separately, down to none", () => {
  const tally = new Tally();
  for (const name of ["a", "a", "b"]) tally.add(name);
  assert.equal([tally.of("a"), tally.of("b"), tally.of("c")], [2, 1, 0]);
  for (const name of ["a", "a", "b"]) tally.remove(name);
  assert.equal([tally.of("a"), tally.of("b")], [0, 0]);
});

test.run();
