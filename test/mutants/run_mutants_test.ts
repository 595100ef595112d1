/** Runs mutants of a small repository with one test. */
// alone because it starts processes that hang
import { mkdirSync, readFileSync, readdirSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "uvu";
import * as assert from "uvu/assert";
import { temporaryFolder } from "../fixtures/temporary_folder.ts";
import type { Edit, Mutant } from "./mutant.ts";
import { runMutants } from "./run_mutants.ts";
import type { Outcome } from "./try_mutant.ts";

const SOURCE = "src/sum.ts";
const A_TEST = "test/sum_test.ts";
const ANCHOR = "a + b";
/** Many times the duration of the small repository's tests. */
const HANGING_MS = 15_000;

function mutant(name: string, replacement: string): Mutant {
  const edits: readonly Edit[] = [[ANCHOR, replacement]];
  return { name, breaks: "", file: SOURCE, edits, isSimulated: false, tests: [A_TEST] };
}

/** A repository with a function that adds two numbers, and one test for it. */
function makeRepository(root: string): void {
  for (const folder of ["src", "test"]) mkdirSync(join(root, folder));
  writeFileSync(join(root, "package.json"), JSON.stringify({ type: "module" }));
  symlinkSync(join(process.cwd(), "node_modules"), join(root, "node_modules"));
  const source = `export function sum(a: number, b: number) { return ${ANCHOR}; }\n`;
  writeFileSync(join(root, SOURCE), source);
  const lines = [
    'import { test } from "uvu";',
    'import * as assert from "uvu/assert";',
    'import { sum } from "../src/sum.ts";',
    'test("sum() adds", () => assert.is(sum(2, 2), 4));',
    "test.run();",
  ];
  writeFileSync(join(root, A_TEST), lines.join("\n"));
}

async function run(root: string, ...mutants: readonly Mutant[]) {
  const lines: string[] = [];
  const outcomes = await runMutants(mutants, {
    root,
    jobs: 2,
    silenceMaxMs: HANGING_MS,
    firstOf: () => undefined,
    print: (line) => lines.push(line),
  });
  return { lines, outcomes };
}

test("runMutants() tells killed, surviving, hanging and uncompilable mutants apart", async () => {
  await using folder = temporaryFolder();
  makeRepository(folder.path);
  const { lines, outcomes } = await run(
    folder.path,
    mutant("adds-one", "a + b + 1"),
    mutant("multiplies", "a * b"),
    mutant("hangs", "(() => { for (;;); })()"),
    mutant("no-program", "a +"),
  );
  const of = (wanted: string): Outcome | undefined => outcomes.find(({ name }) => name === wanted);
  assert.equal([of("adds-one")?.killedBy, of("adds-one")?.how], [A_TEST, "1 failed"]);
  assert.is(of("multiplies")?.killedBy, undefined);
  assert.is(of("hangs")?.how, "hung: it printed nothing for 15 s");
  assert.equal(
    outcomes.filter(({ isBroken }) => isBroken).map(({ name }) => name),
    ["no-program"],
  );
  assert.match(lines.join("\n"), /^SURVIVED +\d+\.\d s {2}multiplies$/m);
  assert.match(lines.join("\n"), new RegExp(`^killed .* adds-one +${A_TEST}: 1 failed$`, "m"));
  const source = readFileSync(join(folder.path, SOURCE), "utf8");
  assert.match(source, ANCHOR, "the source itself is not touched");
});

test("runMutants() runs nothing when an anchor does not fit or a suite is missing", async () => {
  await using folder = temporaryFolder();
  makeRepository(folder.path);
  const copies = () => readdirSync(tmpdir()).filter((name) => name.startsWith("likes-mutants-"));
  const before = copies();
  const wrong = { ...mutant("gone", ""), edits: [["a - b", "a"]] as const };
  const missing = { ...mutant("untested", "a"), tests: ["test/nowhere_test.ts"] };
  try {
    await run(folder.path, mutant("fits", "a"), wrong, missing);
    assert.unreachable();
  } catch (error) {
    const { message } = error as Error;
    assert.match(message, 'Cannot plant gone: its anchor "a - b" is not there in src/sum.ts');
    assert.match(message, "Cannot try untested: test/nowhere_test.ts is not there");
    assert.not.match(message, "fits");
  }
  assert.ok(copies().length <= before.length, "no copy is left");
});

test.run();
