/**
 * `npm run mutants`: plants every bug of the list, one at a time, and fails when the suites miss
 * one. `-- --only NAME` tries some of them, `--part 3/12` one twelfth, `--jobs N` runs N at a time.
 * `--write` starts with the simulator, and updates the baseline of the mutants it tried.
 */
import { readFileSync, writeFileSync } from "node:fs";
import { parseArgs } from "node:util";
import { messageOf } from "../../src/errors.ts";
import { parseWhole } from "../../src/text/numbers.ts";
import { FILES_AT_ONCE } from "../runner/expected.ts";
import { baselineOf, problemsOf, summaryOf } from "./judge.ts";
import type { Baseline } from "./judge.ts";
import { CANARY, CANARY_OF_TESTS, IDENTITY, MUTANTS } from "./list.ts";
import { runMutants } from "./run_mutants.ts";

const BASELINE = "test/mutants/baseline.json";

const { values } = parseArgs({
  options: {
    only: { type: "string", multiple: true, default: [] },
    jobs: { type: "string", default: String(FILES_AT_ONCE) },
    part: { type: "string", default: "1/1" },
    write: { type: "boolean", default: false },
  },
});
const { only, write } = values;
const [part = 1, parts = 1] = values.part
  .split("/")
  .map((text) => parseWhole(text, 1, 1_000, "--part"));
const jobs = parseWhole(values.jobs, 1, 64, "--jobs");
const proofs = [CANARY, CANARY_OF_TESTS, IDENTITY];
const all = [...proofs, ...MUTANTS];
// Every part has the controls. The bugs are dealt out, so each part has some of every file.
const dealt = MUTANTS.filter((_, index) => index % parts === part - 1);
const mutants =
  only.length === 0 ? [...proofs, ...dealt] : all.filter(({ name }) => only.includes(name));
const unknown = only.filter((name) => !all.some((mutant) => mutant.name === name));
if (unknown.length > 0) throw new Error(`Cannot find a mutant named ${unknown.join(" or ")}`);
const isWhole = only.length === 0 && parts === 1;

const interrupt = new AbortController();
for (const name of ["SIGINT", "SIGTERM", "SIGHUP"] as const) {
  process.once(name, () => interrupt.abort(`Interrupted by ${name}`));
}

const baseline = JSON.parse(readFileSync(BASELINE, "utf8")) as Baseline;
const outcomes = await runMutants(mutants, {
  root: process.cwd(),
  jobs,
  firstOf: (name) => (write ? undefined : baseline[name]),
  print: (line) => console.log(line),
  signal: interrupt.signal,
}).catch((error: unknown) => {
  console.log(messageOf(error));
  process.exit(1);
});
if (write) {
  const expected = baselineOf(outcomes, isWhole ? {} : baseline);
  writeFileSync(BASELINE, `${JSON.stringify(expected, undefined, 2)}\n`);
}
const problems = problemsOf(outcomes);
for (const problem of problems) console.log(`FAILED: ${problem}`);
console.log(summaryOf(outcomes));
process.exitCode = problems.length === 0 ? 0 : 1;
