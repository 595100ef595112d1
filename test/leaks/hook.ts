/**
 * Loaded into a role by `--import`, to keep it out of the source. On SIGUSR2 it collects garbage
 * and reports what the process still holds, as one line on stderr.
 *
 * `LEAK_PLANTED` makes it leak at each report, to prove that leaks are found.
 */
import { openSync, readdirSync } from "node:fs";
import { setImmediate as turn } from "node:timers/promises";
import { getHeapCodeStatistics, setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";
import type { Footprint } from "./footprint.ts";

/** One collection leaves what finalizers free in the next turn. */
const COLLECTIONS = 4;
const PLANTED_OBJECTS = 20_000;
const PLANTED_HANDLES = 4;

setFlagsFromString("--expose-gc");
const collect = runInNewContext("gc") as () => void;
const kept: unknown[] = [];
let reports = 0;

process.on("SIGUSR2", () => void report());

async function report(): Promise<void> {
  plant(process.env["LEAK_PLANTED"]);
  for (let collection = 0; collection < COLLECTIONS; collection++) {
    collect();
    await turn();
  }
  process.stderr.write(`footprint ${++reports} ${JSON.stringify(footprint())}\n`);
}

function footprint(): Footprint {
  const { heapUsed, external } = process.memoryUsage();
  const code = getHeapCodeStatistics();
  const codeBytes = code.code_and_metadata_size + code.bytecode_and_metadata_size;
  return {
    heapBytes: heapUsed + external - codeBytes,
    descriptors: readdirSync("/dev/fd").length,
    handles: process.getActiveResourcesInfo().length,
  };
}

function plant(what: string | undefined): void {
  if (what === "heapBytes") {
    kept.push(Array.from({ length: PLANTED_OBJECTS }, (_, index) => ({ index })));
  }
  for (let count = 0; count < PLANTED_HANDLES; count++) {
    if (what === "descriptors") kept.push(openSync("/dev/null", "r"));
    if (what === "handles") kept.push(setInterval(() => {}, 60_000));
  }
}
