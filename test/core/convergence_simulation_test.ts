/**
 * Many small worlds that go wrong. A failure names its seed; `SEED=n` runs that one alone,
 * `SEEDS=m` that many from it.
 */
// limit: 60 s
// tidy: mirrors no file because it runs both roles of the core together
import { test } from "uvu";
import * as assert from "uvu/assert";
import { NOTHING_HAPPENED } from "./simulation_counts.ts";
import { World } from "./world.ts";

const FIRST = Number(process.env["SEED"] ?? 1);
const SEEDS = Number(process.env["SEEDS"] ?? (process.env["SEED"] === undefined ? 120 : 1));

test("World.run() converges to what was accepted when it is kind again", async () => {
  const sum = { ...NOTHING_HAPPENED };
  const clock: Record<string, number> = {};
  const failed: string[] = [];
  for (let seed = FIRST; seed < FIRST + SEEDS; seed++) {
    const world = new World(seed);
    try {
      await world.run();
    } catch (error) {
      const text = error instanceof Error ? (error.stack ?? error.message) : String(error);
      failed.push(`SEED=${seed} ${text.slice(0, 2_000)}`);
    }
    const { counts } = world.checks;
    for (const name of Object.keys(sum) as (keyof typeof sum)[]) sum[name] += counts[name];
    const jumps = { ...world.wallClock.jumps, startsSetBack: world.checks.startsSetBack };
    for (const [name, count] of Object.entries(jumps)) clock[name] = (clock[name] ?? 0) + count;
  }
  assert.is(
    failed.length,
    0,
    `${failed.length} of ${SEEDS} failed:\n${failed.slice(0, 5).join("\n")}`,
  );
  if (SEEDS < 100) return;
  for (const [name, count] of Object.entries(sum)) assert.ok(count > SEEDS / 2, `${count} ${name}`);
  for (const [name, count] of Object.entries(clock))
    assert.ok(count > SEEDS / 20, `${count} ${name}`);
  console.log(`the primary's wall clock: ${JSON.stringify(clock)}`);
});

test.run();
