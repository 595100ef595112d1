/** The time of `likes --version`, as a ratio to an oclif 4 command that does nothing. */
import { spawnSync } from "node:child_process";
import { fileURLToPath } from "node:url";
import { MAIN } from "../../test/fixtures/built.ts";
import { preciseMs } from "../clock.ts";
import type { Figure, FigureOptions, FigureResult } from "../figure.ts";
import { spreadOf } from "../spread.ts";

const EMPTY = fileURLToPath(new URL("../empty_cli/main.js", import.meta.url));
const RATIO_MAX = 1.5;

/** `npm run bench -- version`. */
export const version: Figure = {
  name: "version",
  title: "`likes --version`, as a ratio to an empty command of oclif 4",
  seconds: 20,
  run: (options) => Promise.resolve(measure(options)),
};

/** Measures both in turns, so that a busy moment of the machine slows both. */
function measure({ brief, printProgress }: FigureOptions): FigureResult {
  const runs = brief ? 1 : 3;
  const pairs = brief ? 2 : 15;
  const likesMs: number[] = [];
  const emptyMs: number[] = [];
  const ratios: number[] = [];
  const timings = {
    likes: () => timed([MAIN, "--version"], /^@likes\/likes\/\d/),
    empty: timeEmpty,
  };
  timings.likes();
  timings.empty(); // the first of each reads from the disk
  for (let run = 0; run < runs; run++) {
    const likes: number[] = [];
    const empty: number[] = [];
    for (let pair = 0; pair < pairs; pair++) {
      likes.push(timings.likes());
      empty.push(timings.empty());
    }
    likesMs.push(spreadOf(likes).median);
    emptyMs.push(spreadOf(empty).median);
    ratios.push(spreadOf(likes).median / spreadOf(empty).median);
    printProgress(`run ${run + 1} of ${runs}`);
  }
  return {
    settings: { runs, "pairs per run": pairs, "a run's value": "median of its pairs" },
    rows: [
      {
        name: "ratio",
        unit: "x",
        values: ratios,
        aim: { is: "under", bound: RATIO_MAX },
      },
      { name: "likes --version", unit: "ms", values: likesMs },
      { name: "empty command", unit: "ms", values: emptyMs },
    ],
    checked: ["each exited with 0 and printed the expected output"],
  };
}

function timeEmpty(): number {
  return timed([EMPTY, "empty"], /^$/);
}

/** Returns the milliseconds from the start of a process to its end. */
function timed(args: readonly string[], output: RegExp): number {
  const startMs = preciseMs();
  const { status, stdout } = spawnSync(process.execPath, args, { encoding: "utf8" });
  const tookMs = preciseMs() - startMs;
  if (status === 0 && output.test(stdout)) return tookMs;
  throw new Error(
    `Cannot use what was measured: ${args.join(" ")} ended with ${status}: ${stdout}`,
  );
}
