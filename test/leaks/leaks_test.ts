/** The short form of `npm run leaks`, and the proof that it finds a planted leak. */
// nightly because it runs the roles through equal phases
import { test } from "uvu";
import * as assert from "uvu/assert";
import { Counter } from "../fixtures/roles.ts";
import { askFootprint, footprintEnv } from "./footprint.ts";
import type { Footprint } from "./footprint.ts";
import { growthOf } from "./growth.ts";
import { growthText, leakRun } from "./leak_run.ts";

const SHORT = { seed: 1, phases: 4, warmUp: 1, events: 2_000, watchers: 4, deaths: 1 };
const PLANTED_ASKED = 6;

test("no role holds more and more when it is under the same load again and again", async () => {
  const lines: string[] = [];
  const measured = await leakRun({ ...SHORT, print: (line) => lines.push(line) });
  assert.is(measured.length, 5);
  for (const one of measured) {
    assert.is(one.footprints.length, SHORT.phases, one.name);
    const grown = growthOf(one.footprints).map((growth) => growthText(one, growth));
    assert.equal(grown, [], lines.join("\n"));
  }
});

for (const planted of ["heapBytes", "descriptors", "handles"] as const) {
  test(`a planted leak of ${planted} is found`, async () => {
    const footprints = await idleFootprints(planted);
    assert.equal(
      growthOf(footprints).map(({ of }) => of),
      [planted],
      JSON.stringify(footprints),
    );
  });
}

test("no leak is found when none is planted", async () => {
  const footprints = await idleFootprints();
  assert.equal(growthOf(footprints), [], JSON.stringify(footprints));
});

/** Asks an idle LikesServer repeatedly what it holds. */
async function idleFootprints(planted?: keyof Footprint): Promise<readonly Footprint[]> {
  await using counter = new Counter();
  const role = await counter.startLikes("idle", { env: footprintEnv(planted) });
  const footprints: Footprint[] = [];
  for (let asked = 0; asked < PLANTED_ASKED; asked++) footprints.push(await askFootprint(role));
  return footprints.slice(PLANTED_ASKED - SHORT.phases);
}

test.run();
