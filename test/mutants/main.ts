/**
 * `npm run mutants`: plants every bug of the list, one at a time, and fails when the suites do not find
 * one. `-- --only NAME` tries some of them, `--jobs N` at a time; `--write` begins with the simulator,
 * and writes the baseline of those that it tried.
 */
import { readFileSync, writeFileSync } from "node:fs";
import { parseArgs } from "node:util";
import { messageOf } from "../../src/errors.ts";
import { parseWhole } from "../../src/cli/numbers.ts";
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
    write: { type: "boolean", default: false },
  },
});
const { only, write } = values;
const jobs = parseWhole(values.jobs, 1, 64, "--jobs");
const all = [CANARY, CANARY_OF_TESTS, IDENTITY, ...MUTANTS];
const mutants = only.length === 0 ? all : all.filter(({ name }) => only.includes(name));
const unknown = only.filter((name) => !all.some((mutant) => mutant.name === name));
if (unknown.length > 0) throw new Error(`Cannot find a mutant named ${unknown.join(" or ")}`);
const isWhole = only.length === 0;

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
const expected = write ? baselineOf(outcomes, isWhole ? {} : baseline) : baseline;
if (write) writeFileSync(BASELINE, `${JSON.stringify(expected, undefined, 2)}\n`);
const problems = problemsOf(outcomes, expected, isWhole);
for (const problem of problems) console.log(`FAILED: ${problem}`);
console.log(summaryOf(outcomes));
process.exitCode = problems.length === 0 ? 0 : 1;
