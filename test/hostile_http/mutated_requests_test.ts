/**
 * Mutated requests of every route, each on a connection of its own. `LIKES_SEED=7 LIKES_CASE=123`
 * sends the case 123 of the seed 7 alone, and prints it.
 */
import { test } from "uvu";
import * as assert from "uvu/assert";
import { extent } from "../fixtures/extent.ts";
import { servingPages } from "../web/pages_fixture.ts";
import { caseOf, countChecks, runCase, sendingRandom } from "./hostile_case.ts";
import type { CaseEnd } from "./hostile_case.ts";
import { personsOf } from "./valid_requests.ts";

const CASES = extent(5_000, 100_000);
const SEED = Number(process.env["LIKES_SEED"] ?? 42);
const ONLY = process.env["LIKES_CASE"];
/** Connections at once: some only wait. */
const LANES = 12;
/** Cases of one server. */
const ROUND = 200;
const FAILURES_MAX = 5;

test("mutated requests are answered as documented, or the connection ends", async () => {
  const ends: Record<CaseEnd, number> = { answered: 0, ended: 0, waiting: 0 };
  const failures: string[] = [];
  const first = Number(ONLY ?? 0);
  const last = ONLY === undefined ? CASES : first + 1;
  let next = first;
  const lane = async (): Promise<void> => {
    while (next < last && failures.length < FAILURES_MAX) {
      const from = next;
      next = Math.min(last, from + ROUND);
      await runRound(from, next, ends, failures);
    }
  };
  await Promise.all(Array.from({ length: LANES }, lane));
  console.log(`seed ${SEED}: ${JSON.stringify(ends)}`);
  assert.equal(failures, []);
  if (ONLY !== undefined) return;
  assert.ok(ends.answered > CASES / 4, "many connections go on");
  assert.ok(ends.ended > CASES / 20, "some are ended");
});

/** Runs some cases on a server of their own. */
async function runRound(
  from: number,
  to: number,
  ends: Record<CaseEnd, number>,
  failures: string[],
): Promise<void> {
  await using pages = await servingPages({ proxyHops: (from / ROUND) % 2 });
  countChecks(pages);
  const persons = await personsOf(pages);
  for (let number = from; number < to && failures.length < FAILURES_MAX; number++) {
    const hostile = caseOf(SEED, number, persons);
    if (ONLY !== undefined) console.log(JSON.stringify(hostile.bytes.toString("latin1")));
    try {
      ends[await runCase(pages, persons, hostile, sendingRandom(SEED, number))]++;
    } catch (error) {
      const sent = JSON.stringify(hostile.bytes.subarray(0, 600).toString("latin1"));
      const { message, cause } = error as Error;
      const why = cause instanceof Error ? `: ${cause.stack}` : "";
      failures.push(`LIKES_SEED=${SEED} LIKES_CASE=${number}: ${message}${why}\n${sent}`);
    }
  }
}

test.run();
