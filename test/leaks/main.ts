/**
 * `npm run leaks`: runs a counter through phases of the same load, and fails when one of its
 * processes keeps growing. `-- --seed 7 --phases 10` repeats or lengthens a run.
 */
import { parseArgs } from "node:util";
import { parseWhole } from "../../src/text/numbers.ts";
import { growthOf } from "./growth.ts";
import { growthText, leakRun } from "./leak_run.ts";

const { values } = parseArgs({
  options: { seed: { type: "string" }, phases: { type: "string", default: "8" } },
});
const seed = parseWhole(values.seed ?? String(Date.now() % 1_000_000), 0, 999_999, "--seed");
const phases = parseWhole(values.phases, 2, 1_000, "--phases");
const LOAD = { warmUp: 2, events: 5_000, watchers: 10, deaths: 2 };

console.log(`seed ${seed}`);
const measured = await leakRun({ ...LOAD, seed, phases, print: (line) => console.log(line) });
const grown = measured.flatMap((one) => growthOf(one.footprints).map((of) => growthText(one, of)));
for (const line of grown) console.log(`LEAK: ${line}`);
if (grown.length === 0)
  console.log(`no growth in ${measured.length} processes, ${phases} phases each`);
process.exitCode = grown.length === 0 ? 0 : 1;
