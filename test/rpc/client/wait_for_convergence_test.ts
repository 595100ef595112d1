import { test } from "uvu";
import * as assert from "uvu/assert";
import type { Status } from "../../../src/core/primary/status.ts";
import { primaryService } from "../../../src/rpc/server/primary_service.ts";
import { waitForConvergence } from "../../../src/rpc/client/wait_for_convergence.ts";
import { faultOf, testId } from "../../store/faults.ts";
import { NO_PRIMARY, emptyStatus, serve } from "../serving.ts";

const LIMIT_MS = 60_000;
const SHORT_MS = 700;
const [BEFORE, AFTER] = [testId(1), testId(2)];

test("waitForConvergence() waits for an as_of that is not from before it began", async () => {
  const seen = await waitWhile([
    { generation: BEFORE, nowMs: 100, asOfMs: 99 },
    { generation: BEFORE, nowMs: 200, asOfMs: 99 },
    { generation: BEFORE, nowMs: 300, asOfMs: 250 },
  ]);
  assert.equal(seen, [99, 99, 250]);
});

test("waitForConvergence() starts anew at a restart when the wall clock was set back", async () => {
  const seen = await waitWhile([
    { generation: BEFORE, nowMs: 1_000_000, asOfMs: 50 },
    { generation: AFTER, nowMs: 60, asOfMs: 50 },
    { generation: AFTER, nowMs: 160, asOfMs: 61 },
  ]);
  assert.equal(seen, [50, 50, 61]);
});

test("waitForConvergence() throws not_converged when as_of stays behind", async () => {
  const status = { ...emptyStatus(1), nowMs: 100, asOfMs: 99 };
  await using serving = await serve(primaryService({ ...NO_PRIMARY, status: () => status }).add);
  const wait = () => waitForConvergence(serving.address, SHORT_MS, () => {});
  const fault = await faultOf("not_converged", wait);
  assert.match(fault.message, "as_of has not moved on");
});

/** Waits on a primary that sends `answers` one by one. Returns every `as_of` that was seen. */
async function waitWhile(answers: readonly Partial<Status>[]): Promise<number[]> {
  let shown = 0;
  const status = (): Status => ({
    ...emptyStatus(1),
    ...answers[Math.min(shown++, answers.length - 1)],
  });
  await using serving = await serve(primaryService({ ...NO_PRIMARY, status }).add);
  const seen: number[] = [];
  await waitForConvergence(serving.address, LIMIT_MS, ({ asOfMs }) => seen.push(asOfMs));
  return seen;
}

test.run();
