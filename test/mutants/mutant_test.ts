import { test } from "uvu";
import * as assert from "uvu/assert";
import { mutantsOf, plant } from "./mutant.ts";
import type { Edit, Mutant } from "./mutant.ts";

const TEXT = "one\ntwo\nthree\ntwo\n";

function mutant(...edits: readonly Edit[]): Mutant {
  const tests = ["test/a_test.ts"];
  return { name: "a-bug", breaks: "a law", file: "src/a.ts", edits, isSimulated: true, tests };
}

test("plant() replaces each anchor, one after another", () => {
  const edits = [
    ["one\n", "1\n"],
    ["1\ntwo", "1\n2 $&"],
  ] as const;
  assert.is(plant(mutant(...edits), TEXT), "1\n2 $&\nthree\ntwo\n");
  assert.is(plant(mutant(), TEXT), TEXT);
});

test("plant() names the mutant and the anchor when it is not there, or not once", () => {
  const text = (anchor: string) => () => plant(mutant([anchor, ""]), TEXT);
  assert.throws(text("four"), /Cannot plant a-bug: its anchor "four" is not there in src\/a.ts/);
  assert.throws(text("two"), /its anchor "two" is there 2 times/);
  assert.throws(() => plant(mutant(["two\nthree", "two"], ["one\ntwo\ntwo\ntwo", ""]), TEXT));
});

test("mutantsOf() gives each bug the file and tests, and simulates it unless told not to", () => {
  const of = { file: "src/a.ts", tests: ["test/a_test.ts"] };
  const bugs = [{ name: "a-bug", breaks: "a law", edits: [] }];
  assert.equal(mutantsOf(of, bugs), [mutant()]);
  assert.is(mutantsOf({ ...of, isSimulated: false }, bugs)[0]?.isSimulated, false);
});

test.run();
