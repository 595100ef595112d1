import { test } from "uvu";
import * as assert from "uvu/assert";
import { mutantsOf, plant } from "./mutant.ts";
import type { Edit, Mutant } from "./mutant.ts";

const TEXT = "one\ntwo\nthree\ntwo\n";

function mutant(...edits: readonly Edit[]): Mutant {
  const tests = ["test/a_test.ts"];
  return { name: "a-bug", breaks: "a law", file: "src/a.ts", edits, isSimulated: true, tests };
}

test("plant() replaces each anchor in order", () => {
  const edits = [
    ["one\n", "1\n"],
    ["1\ntwo", "1\n2 $&"],
  ] as const;
  assert.is(plant(mutant(...edits), TEXT), "1\n2 $&\nthree\ntwo\n");
  assert.is(plant(mutant(), TEXT), TEXT);
});

test("plant() names the mutant and the anchor that does not occur exactly once", () => {
  const text = (anchor: string) => () => plant(mutant([anchor, ""]), TEXT);
  assert.throws(text("four"), /Cannot plant a-bug: its anchor "four" is not there in src\/a.ts/);
  assert.throws(text("two"), /its anchor "two" is there 2 times/);
  assert.throws(() => plant(mutant(["two\nthree", "two"], ["one\ntwo\ntwo\ntwo", ""]), TEXT));
});

test("mutantsOf() adds the file and tests to each bug, and simulates it by default", () => {
  const of = { file: "src/a.ts", tests: ["test/a_test.ts"] };
  const bugs = [{ name: "a-bug", breaks: "a law", edits: [] }];
  assert.equal(mutantsOf(of, bugs), [mutant()]);
  assert.is(mutantsOf({ ...of, isSimulated: false }, bugs)[0]?.isSimulated, false);
});

test.run();
