/** Tests that several processes return the same sum as one. */
import { test } from "uvu";
import * as assert from "uvu/assert";
import { runRange } from "./range.ts";
import { runSeed } from "./seed_run.ts";
import { addTally, newTally } from "./tally.ts";

test("runRange() returns the same sum as one process when two run the seeds", async () => {
  const [firstSeed, seeds, servers] = [7, 22, 3];
  const expected = newTally();
  for (let seed = firstSeed; seed < firstSeed + seeds; seed++) {
    addTally(expected, runSeed(seed, { servers }));
  }
  const reported: number[] = [];
  const progress = (sum: { seeds: number }) => reported.push(sum.seeds);
  const sum = await runRange({ firstSeed, seeds, servers, jobs: 2, chunkSeeds: 20, progress });
  assert.is(reported.at(-1), seeds);
  assert.is(reported.length, 2);
  assert.is(Math.round(sum.activity.simulatedMs), Math.round(expected.activity.simulatedMs));
  const whole = { ...expected.activity, simulatedMs: sum.activity.simulatedMs };
  assert.equal(sum, { ...expected, activity: whole });
});

test.run();
