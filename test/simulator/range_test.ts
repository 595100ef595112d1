/** Seeds that are spread over processes: the sum is the same as in one. */
import { test } from "uvu";
import * as assert from "uvu/assert";
import { runRange } from "./range.ts";
import { runSeed } from "./seed_run.ts";
import { addTally, newTally } from "./tally.ts";

test("runRange() gives the same sum in two processes when one runs the same seeds", async () => {
  const [firstSeed, seeds, servers] = [7, 22, 3];
  const expected = newTally();
  for (let seed = firstSeed; seed < firstSeed + seeds; seed++) {
    addTally(expected, runSeed(seed, { servers }));
  }
  const told: number[] = [];
  const progress = (sum: { seeds: number }) => told.push(sum.seeds);
  const sum = await runRange({ firstSeed, seeds, servers, jobs: 2, chunkSeeds: 20, progress });
  assert.is(told.at(-1), seeds);
  assert.is(told.length, 2);
  assert.is(Math.round(sum.happened.simulatedMs), Math.round(expected.happened.simulatedMs));
  const whole = { ...expected.happened, simulatedMs: sum.happened.simulatedMs };
  assert.equal(sum, { ...expected, happened: whole });
});

test.run();
