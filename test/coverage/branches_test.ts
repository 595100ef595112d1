import { test } from "uvu";
import * as assert from "uvu/assert";
import { BRANCH_TEXT_MAX, branchesOf } from "./branches.ts";
import type { FileCoverage } from "./branches.ts";

const LINES = [
  "export function sign(a: number): string {",
  '  if (a < 0) return "minus";',
  "  return a > 0",
  '    ? "plus"',
  '    : "none";',
  "}",
];

/** What `make` makes of each, under its number. */
function numbered<From, To>(all: readonly From[], make: (one: From) => To): Record<string, To> {
  return Object.fromEntries(all.map((one, id) => [String(id), make(one)]));
}

/** What c8 tells of places of the file: from line and column to line and column, and a count. */
function coverageOf(
  branches: readonly (readonly [number, number, number, number, count: number])[],
  functions: typeof branches = [],
): FileCoverage {
  const mapOf = (all: typeof branches) =>
    numbered(all, ([line, column, lastLine, end]) => {
      return { loc: { start: { line, column }, end: { line: lastLine, column: end } } };
    });
  return {
    path: "/likes/src/core/sign.ts",
    branchMap: mapOf(branches),
    b: numbered(branches, ([, , , , count]) => [count]),
    fnMap: mapOf(functions),
    f: numbered(functions, ([, , , , count]) => count),
  };
}

test("branchesOf() tells each branch by its text and the line on which it begins", () => {
  const coverage = coverageOf([
    [2, 13, 2, 29, 0],
    [3, 9, 5, 12, 2],
  ]);
  assert.equal(branchesOf(coverage, LINES.join("\n"), "/likes"), [
    {
      file: "src/core/sign.ts",
      at: 'if (a < 0) return "minus";',
      text: 'return "minus";',
      isCovered: false,
    },
    {
      file: "src/core/sign.ts",
      at: "return a > 0",
      text: 'a > 0 ? "plus" : "none"',
      isCovered: true,
    },
  ]);
});

test("branchesOf() leaves out what is braces alone, and adds functions that were never called", () => {
  const whole = [1, 0, 6, 1] as const;
  const brace = [6, 0, 6, 1, 0] as const;
  const uncalled = branchesOf(coverageOf([brace], [[...whole, 0]]), LINES.join("\n"), "/likes");
  assert.is(uncalled.length, 1);
  assert.equal([uncalled[0]?.isCovered, uncalled[0]?.at], [false, LINES[0]]);
  const both = branchesOf(coverageOf([[...whole, 0]], [[...whole, 0]]), LINES.join("\n"), "/likes");
  assert.is(both.length, 1, "it is told once");
  const called = branchesOf(coverageOf([], [[...whole, 3]]), LINES.join("\n"), "/likes");
  assert.equal(called, []);
});

test("branchesOf() cuts a text that is long", () => {
  const line = `a(${"b, ".repeat(BRANCH_TEXT_MAX)});`;
  const [long] = branchesOf(coverageOf([[1, 0, 1, line.length, 0]]), line, "/likes");
  assert.is(long?.text, `${line.slice(0, BRANCH_TEXT_MAX)}…`);
  assert.is(long?.at, line);
});

test.run();
