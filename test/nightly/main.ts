/**
 * `npm run nightly`: what is too long for every change. Sweeps and long tests in full, fresh
 * simulated worlds, all planted bugs, coverage, and the suite on each Node. `-- --sample` takes a
 * small part of each, as `.ci/run` does: which part follows from the commit, so commits take turns
 * and a failure can be repeated. `-- --only NAME` runs one job.
 */
import { execFileSync, spawnSync } from "node:child_process";
import { parseArgs } from "node:util";
import { NIGHTLY_VARIABLE } from "../fixtures/extent.ts";
import { NIGHTLY_SILENCE_MAX_MS } from "../runner/expected.ts";
import { findFiles } from "../runner/find_files.ts";
import { runTests } from "../runner/run_tests.ts";
import { jobsOf, partOf } from "./jobs.ts";
import type { Job } from "./jobs.ts";

const { values } = parseArgs({
  options: {
    sample: { type: "boolean", default: false },
    commit: { type: "string", default: "" },
    only: { type: "string", multiple: true, default: [] },
  },
});
const interrupt = new AbortController();
for (const name of ["SIGINT", "SIGTERM", "SIGHUP"] as const) {
  process.once(name, () => interrupt.abort());
}

// The processes of integration tests run the build.
const { status: built } = spawnSync("npm", ["run", "--silent", "build:source"], {
  stdio: "inherit",
});
if (built !== 0) process.exit(1);

const commit = values.commit === "" ? commitNow() : values.commit;
const part = values.sample ? partOf(commit) : undefined;
const files = (await findFiles(process.cwd(), "test", []))
  .filter(({ isNightly, hasExtent }) => isNightly || hasExtent)
  .map(({ path }) => path);
const jobs = jobsOf(files, part).filter(({ name }) => {
  return values.only.length === 0 || values.only.includes(name);
});
if (part !== undefined) console.log(`the part of commit ${commit}`);

const lines: string[] = [];
for (const job of jobs) {
  if (interrupt.signal.aborted) break;
  console.log(`\n== ${job.name}`);
  const startedMs = performance.now();
  const passed = await runJob(job);
  if (!passed) process.exitCode = 1;
  const seconds = ((performance.now() - startedMs) / 1_000).toFixed(0);
  lines.push(`${passed ? "ok    " : "FAILED"}  ${job.name}  ${seconds} s`);
}
for (const line of ["", ...lines]) console.log(line);
if (interrupt.signal.aborted) process.exitCode = 130;

async function runJob(job: Job): Promise<boolean> {
  if (job.type === "script") {
    const { status } = spawnSync("npm", ["run", "--silent", ...job.args], { stdio: "inherit" });
    return status === 0;
  }
  return runTests({
    root: process.cwd(),
    folder: "test",
    filters: job.files,
    wanted: ({ path }) => job.files.includes(path),
    testsMin: 0,
    silenceMaxMs: NIGHTLY_SILENCE_MAX_MS,
    env: { ...process.env, [NIGHTLY_VARIABLE]: "1" },
    print: (line) => console.log(line),
    signal: interrupt.signal,
  });
}

function commitNow(): string {
  return execFileSync("git", ["rev-parse", "HEAD"], { encoding: "utf8" }).trim();
}
