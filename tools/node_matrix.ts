/**
 * `npm run matrix`: the suite on each Node that is supported, or on those that are named. Every one
 * gets a copy of the working tree and an installation of its own, one after another.
 * `-- --only PART` runs the files of tests whose path contains the part.
 */
import { parseArgs } from "node:util";
import { messageOf } from "../src/errors.ts";
import { NODES, nodesOf } from "./nodes.ts";
import { tryNode } from "./node_trial.ts";
import { hasPassed, trialTable } from "./trial_table.ts";
import type { NodeTrial } from "./trial_table.ts";

const EXIT_USAGE = 2;
const EXIT_INTERRUPTED = 130;

const interrupt = new AbortController();
for (const name of ["SIGINT", "SIGTERM", "SIGHUP"] as const) {
  process.once(name, () => interrupt.abort());
}

try {
  const { values, positionals } = parseArgs({
    allowPositionals: true,
    options: { only: { type: "string", multiple: true, default: [] } },
  });
  const trials: NodeTrial[] = [];
  for (const wanted of nodesOf(positionals)) {
    if (interrupt.signal.aborted) break;
    const print = (line: string): void => console.log(`node ${wanted}  ${line}`);
    trials.push(
      await tryNode(wanted, {
        root: process.cwd(),
        only: values.only,
        print,
        signal: interrupt.signal,
      }),
    );
  }
  for (const line of ["", ...trialTable(trials)]) console.log(line);
  const passed = trials.every(hasPassed);
  process.exitCode = interrupt.signal.aborted ? EXIT_INTERRUPTED : passed ? 0 : 1;
} catch (error) {
  console.error(`Error: ${messageOf(error)}; give some of: ${NODES.join(" ")} newest`);
  process.exitCode = EXIT_USAGE;
}
