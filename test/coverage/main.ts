/**
 * `npm run coverage`: runs the unit tests of the core and of the stores, and the simulator, and fails
 * when a branch of them is not covered that the committed list does not explain. `-- --write` brings
 * the list up to date, except for the reasons.
 */
import { readFileSync, writeFileSync } from "node:fs";
import { parseArgs } from "node:util";
import { runProcess } from "../runner/run_process.ts";
import { runTests } from "../runner/run_tests.ts";
import { figureOf, ignoreComments, listOf, problemsOf } from "./compare.ts";
import type { UncoveredList } from "./compare.ts";
import { filesIn, measure } from "./measure.ts";

const LIST = "test/coverage/uncovered.json";
const FOLDERS = ["src/core", "src/store"];
const TESTS = ["test/core/", "test/store/"];
const SIMULATION = ["test/simulator/main.ts", "--seeds", "300", "--first-seed", "1"];
const SIMULATION_LIMIT_MS = 10 * 60_000;

/** V8 of another release tells other branches. */
const LIST_NODE_MAJOR = 20;

const [major] = process.versions.node.split(".");
if (Number(major) !== LIST_NODE_MAJOR) {
  const message = `Cannot compare with ${LIST}: it is of Node ${LIST_NODE_MAJOR}, this is ${major}`;
  throw new Error(`${message}; run it with Node ${LIST_NODE_MAJOR}`);
}
const { values } = parseArgs({ options: { write: { type: "boolean", default: false } } });
const root = process.cwd();
const interrupt = new AbortController();
for (const name of ["SIGINT", "SIGTERM", "SIGHUP"] as const) {
  process.once(name, () => interrupt.abort());
}

const branches = await measure({
  root,
  folders: FOLDERS,
  run: async (env) => {
    const { signal } = interrupt;
    const options = { root, folder: "test", filters: TESTS, testsMin: 0, env, signal };
    const passed = await runTests({ ...options, print: (line) => console.log(line) });
    signal.throwIfAborted();
    if (!passed) throw new Error("Cannot measure: tests failed, named above; mend them first");
    const limitMs = SIMULATION_LIMIT_MS;
    const { problem, output } = await runProcess(SIMULATION, { root, env, signal, limitMs });
    if (problem !== undefined) throw new Error(`Cannot measure: the simulator failed\n${output}`);
  },
});
const list = JSON.parse(readFileSync(LIST, "utf8")) as UncoveredList;
const expected = values.write ? listOf(branches, list) : list;
if (values.write) writeFileSync(LIST, `${JSON.stringify(expected, undefined, 2)}\n`);
const problems = [
  ...filesIn(root, ["src"]).flatMap((file) => ignoreComments(file, readFileSync(file, "utf8"))),
  ...problemsOf(branches, expected),
];
for (const problem of problems) console.log(`FAILED: ${problem}`);
for (const folder of FOLDERS) console.log(figureOf(branches, folder));
process.exitCode = problems.length === 0 ? 0 : 1;
