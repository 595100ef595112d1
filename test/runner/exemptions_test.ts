import { test } from "uvu";
import * as assert from "uvu/assert";
import { EXEMPTION_KINDS, badExemptions, weigh } from "./exemptions.ts";
import { scan } from "./source_scan.ts";

const NONE: ReadonlySet<string> = new Set();

test("weigh() gives what was found when the file says nothing", () => {
  const verdict = weigh(scan("a.ts", "a();"), "long file", ["is too long"]);
  assert.equal(verdict, { violations: ["a.ts: is too long"], exemptions: [] });
});

test("weigh() names the reason when the file gives one", () => {
  const exempt = scan("a.ts", "// tidy: long file because it is one table\na();");
  const reason = "a.ts: long file because it is one table";
  assert.equal(weigh(exempt, "long file", ["is too long"]), {
    violations: [],
    exemptions: [reason],
  });
  assert.is(weigh(exempt, "long function", ["is too long"]).violations.length, 1);
});

test("weigh() refuses an exemption when nothing was found", () => {
  const exempt = scan("a.ts", "// tidy: long file because it is one table\na();");
  assert.is(weigh(exempt, "long file", []).violations.length, 1);
});

test("badExemptions() names a comment when no rule reads it", () => {
  for (const kind of EXEMPTION_KINDS) {
    assert.equal(badExemptions(scan("a.ts", `// tidy: ${kind} because so it is`), NONE), [], kind);
  }
  for (const words of ["lng file because so", "long file", "long file because ", "long file: so"]) {
    assert.equal(badExemptions(scan("a.ts", `\n  // tidy: ${words}`), NONE).length, 1, words);
  }
  const twice = "// tidy: long file because a\n// tidy: long file because b\n";
  assert.is(badExemptions(scan("a.ts", twice), NONE).length, 1);
});

test("badExemptions() names a comment when the file in its reason is not there", () => {
  const there = new Set(["test/rpc/watching_test.ts", "src/core/a.ts"]);
  const found = (reason: string) => {
    return badExemptions(scan("b.ts", `// tidy: no test because ${reason}`), there);
  };
  for (const reason of [
    "watching_test.ts talks through it",
    "test/rpc/watching_test.ts talks through it",
    "a.ts, and watching_test.ts",
    "it is short, etc.",
  ]) {
    assert.equal(found(reason), [], reason);
  }
  assert.equal(found("a.ts and watch_test.ts hold it"), [
    "b.ts:1: its reason names watch_test.ts, which is not there",
  ]);
  assert.is(found("test/core/watching_test.ts holds it").length, 1);
});

test.run();
