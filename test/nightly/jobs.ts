/** The jobs of `npm run nightly`: all of them, or the part for one commit. */
import { createHash } from "node:crypto";

/** Files of tests in full, or a script of package.json with its arguments. */
export type Job =
  | { readonly type: "tests"; readonly name: string; readonly files: readonly string[] }
  | { readonly type: "script"; readonly name: string; readonly args: readonly string[] };

const NODES = ["20", "22", "24", "newest"];
/** Number of parts of the planted bugs. */
const MUTANT_PARTS = 12;
/** Approximate number of long test files per commit. */
const FILES_SAMPLED = 4;
const SEEDS = 200_000;
const SEEDS_SAMPLED = 4_000;
/** First seeds of samples differ by commit: below 2^32, far above those of the fixed ranges. */
const SEED_STEP = 10_000;
/** Tests for a sampled Node version: stores, wire formats and one whole demonstration. */
const NODE_TESTS = ["test/store/", "test/rpc/", "orchestrate_run"];

/** Returns the number of a commit, distributed as evenly as its hash. */
export function partOf(commit: string): number {
  return createHash("sha256").update(commit).digest().readUInt32BE();
}

/** Returns all jobs, or with `part` those for a commit with this number. */
export function jobsOf(files: readonly string[], part?: number): readonly Job[] {
  if (part === undefined) {
    return [
      { type: "tests", name: "long tests", files },
      script("simulator", "simulate", "--", "--seeds", String(SEEDS), "--first-seed", "1000000"),
      script("mutants", "mutants"),
      script("coverage", "coverage"),
      script("matrix", "matrix"),
    ];
  }
  const turns = Math.ceil(files.length / FILES_SAMPLED);
  const sampled = files.filter((_, index) => index % turns === part % turns);
  const node = NODES[part % NODES.length] ?? "newest";
  const firstSeed = String(SEED_STEP * (part % 100_000) + 1);
  const shard = `${(part % MUTANT_PARTS) + 1}/${MUTANT_PARTS}`;
  return [
    { type: "tests", name: "some long tests", files: sampled },
    script(
      "simulator",
      "simulate",
      "--",
      "--seeds",
      String(SEEDS_SAMPLED),
      "--first-seed",
      firstSeed,
    ),
    script(`mutants ${shard}`, "mutants", "--", "--part", shard),
    script("coverage", "coverage"),
    script(`node ${node}`, "matrix", "--", node, ...NODE_TESTS.flatMap((one) => ["--only", one])),
  ];
}

function script(name: string, ...args: readonly string[]): Job {
  return { type: "script", name, args };
}
