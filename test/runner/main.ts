/** `npm test`: all tests, or those whose path contains one of the arguments. */
import { spawnSync } from "node:child_process";
import { EXPECTED_TESTS_MIN } from "./expected.ts";
import { runTests } from "./run_tests.ts";

const EXIT_INTERRUPTED = 130;

// The processes of the integration tests run the build: it has to be that of the source.
const { status } = spawnSync("npm", ["run", "--silent", "build:source"], { stdio: "inherit" });
if (status !== 0) process.exit(1);

const interrupt = new AbortController();
for (const name of ["SIGINT", "SIGTERM", "SIGHUP"] as const) {
  process.once(name, () => interrupt.abort());
}

const passed = await runTests({
  root: process.cwd(),
  folder: "test",
  filters: process.argv.slice(2),
  testsMin: EXPECTED_TESTS_MIN,
  print: (line) => console.log(line),
  signal: interrupt.signal,
});
process.exitCode = interrupt.signal.aborted ? EXIT_INTERRUPTED : passed ? 0 : 1;
