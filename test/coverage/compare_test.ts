import { test } from "uvu";
import * as assert from "uvu/assert";
import type { Branch } from "./branches.ts";
import { figureOf, ignoreComments, listOf, problemsOf } from "./compare.ts";
import type { UncoveredList } from "./compare.ts";

const FILE = "src/core/sign.ts";

function branch(text: string, isCovered = false): Branch {
  return { file: FILE, at: `if (a) ${text}`, text, isCovered };
}

function listed(text: string, reason = "it cannot happen") {
  const { at } = branch(text);
  return { at, text, reason };
}

const LIST: UncoveredList = { [FILE]: [listed("one"), listed("two"), listed("two")] };
const UNCOVERED = [branch("one"), branch("two"), branch("two"), branch("three", true)];

test("problemsOf() finds nothing when what is not covered is listed, as often as it is there", () => {
  assert.equal(problemsOf(UNCOVERED, LIST), []);
});

test("problemsOf() names a branch that is not covered and not listed", () => {
  const [more, ...others] = problemsOf([...UNCOVERED, branch("two")], LIST);
  assert.match(more ?? "", 'src/core/sign.ts, at "if (a) two": "two" is not covered; add a test');
  assert.equal(others, []);
  const elsewhere = { ...branch("one"), at: "if (b) one" };
  assert.is(problemsOf([...UNCOVERED, elsewhere], LIST).length, 1, "on another line it is another");
});

test("problemsOf() names what is listed and covered now, or gone, or without a reason", () => {
  const covered = [branch("one", true), branch("two"), branch("two")];
  assert.match(problemsOf(covered, LIST)[0] ?? "", '"one" is listed, and is covered or gone');
  assert.match(problemsOf(covered.slice(1), LIST)[0] ?? "", '"one" is listed, and is covered');
  const bare = { [FILE]: [listed("one", " ")] };
  assert.match(problemsOf([branch("one")], bare)[0] ?? "", '"one" is listed without a reason');
});

test("listOf() keeps the reasons, and leaves those to be given that are new", () => {
  const next = listOf([branch("two"), branch("new"), branch("one", true)], LIST);
  assert.equal(next, { [FILE]: [listed("two"), listed("new", "")] });
});

test("figureOf() counts the branches of a folder", () => {
  assert.is(figureOf(UNCOVERED, "src/core"), "src/core: 1 of 4 branches (25.0 %)");
  assert.is(figureOf(UNCOVERED, "src/cor"), "src/cor: 0 of 0 branches (0.0 %)");
});

test("ignoreComments() finds what would hide a branch from the tool", () => {
  // In two parts, because this file may not say it either.
  const hidden = (tool: string) => `a();\n/* ${tool} ignore next */\nb();`;
  for (const tool of ["c8", "v8", "istanbul", "node:coverage"]) {
    const [found = ""] = ignoreComments(FILE, hidden(tool));
    assert.match(found, `${FILE} says "${tool} ignore"`);
  }
  assert.equal(ignoreComments(FILE, "// it may ignore next to nothing"), []);
});

test.run();
