// alone because it looks for leftover processes
import { test } from "uvu";
import * as assert from "uvu/assert";
import { isAlive } from "./process_group.ts";
import { runTests } from "./run_tests.ts";
import type { RunTestsOptions } from "./run_tests.ts";

const FIXTURES = "test/runner/fixtures";
/** Several times what a process needs until it prints. */
const HANGING_MS = 5_000;

test("runTests() is true and sums the totals when every file passes", async () => {
  const { passed, lines } = await run("passing");
  assert.ok(passed);
  assert.match(lines[0] ?? "", /^ok +test.*passing_test\.ts {2}3 passed, 1 skipped {2}\d+\.\d s$/);
  assert.is(lines.at(-1), "3 passed, 0 failed, 1 skipped");
});

test("runTests() names the file and shows its output when a test fails", async () => {
  const { passed, lines } = await run("failing");
  assert.not.ok(passed);
  assert.match(lines.join("\n"), /^FAILED +test.*failing_test\.ts {2}1 failed|exited with 1/);
  assert.ok(lines.join("\n").includes("one is not two"));
  assert.is(lines.at(-1), "1 passed, 1 failed, 0 skipped");
});

test("runTests() counts one failure per file that breaks in a way that uvu misses", async () => {
  const { passed, lines } = await run("broken");
  const text = lines.join("\n");
  assert.not.ok(passed);
  const problems = {
    exiting_early: "exited with 1|printed no totals",
    leaving_detached: "left processes behind",
    leaving: "left processes behind",
    no_tests: "has no tests",
    throwing_at_load: "exited with 1",
    throwing_hook: "1 failed",
    throwing_later: "exited with 1",
    without_run: "has no tests|printed no totals",
  };
  for (const [name, problem] of Object.entries(problems)) {
    assert.match(text, new RegExp(`^FAILED test\\S*/${name}_test\\.ts: (${problem})`, "m"), name);
  }
  assert.is(lines.at(-1), "3 passed, 8 failed, 0 skipped");
  assert.not.ok(lives("left", text));
});

test("runTests() kills all processes of a file when it hangs", async () => {
  const { passed, lines } = await run("hanging", { silenceMaxMs: HANGING_MS });
  const text = lines.join("\n");
  assert.not.ok(passed);
  assert.ok(text.includes("hung: it printed nothing for 5 s"));
  assert.is(lines.at(-1), "0 passed, 1 failed, 0 skipped");
  assert.not.ok(lives("started", text));
});

test("runTests() is false when fewer tests ran than expected", async () => {
  const few = await run("passing", { testsMin: 4 });
  assert.not.ok(few.passed);
  assert.ok(few.lines.some((line) => line.startsWith("Cannot accept 3 tests")));
  assert.ok((await run("passing", { testsMin: 4, filters: ["passing"] })).passed);
});

test("runTests() is false when no file matches", async () => {
  const { passed, lines } = await run("passing", { filters: ["no such file"] });
  assert.not.ok(passed);
  assert.match(lines.join("\n"), /Cannot find a test file in .* contains no such file/);
});

test("runTests() ends the processes when it is interrupted", async () => {
  const interrupt = new AbortController();
  setTimeout(() => interrupt.abort(), 1_000);
  const { passed, lines } = await run("hanging", { signal: interrupt.signal });
  assert.not.ok(passed);
  assert.match(lines.join("\n"), /was ended by SIGKILL/);
});

/** Runs the fixtures of one folder, and collects what is printed. */
async function run(
  name: string,
  options: Partial<Pick<RunTestsOptions, "testsMin" | "filters" | "signal" | "silenceMaxMs">> = {},
): Promise<{ passed: boolean; lines: string[] }> {
  const lines: string[] = [];
  const passed = await runTests({
    root: process.cwd(),
    folder: `${FIXTURES}/${name}`,
    filters: [],
    testsMin: 0,
    print: (line) => lines.push(line),
    ...options,
  });
  return { passed, lines };
}

/** Whether the process lives whose id a fixture printed after `word`. */
function lives(word: string, text: string): boolean {
  const pid = new RegExp(`${word} (\\d+)`).exec(text)?.[1];
  assert.ok(pid, "the fixture printed the id of a process");
  return isAlive(Number(pid));
}

test.run();
