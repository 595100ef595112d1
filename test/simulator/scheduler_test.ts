/** Tests of the order of events in a simulated world. */
import { test } from "uvu";
import * as assert from "uvu/assert";
import { Scheduler } from "./scheduler.ts";
import { Random } from "./random.ts";

test("Scheduler.runUntil() runs tasks by time, and those of the same time in order", () => {
  const scheduler = new Scheduler();
  const random = new Random(1);
  const asked = Array.from({ length: 500 }, (_, order) => ({ atMs: random.whole(0, 40), order }));
  const done: typeof asked = [];
  for (const one of asked) scheduler.at(one.atMs, () => done.push(one));
  scheduler.runUntil(20);
  assert.is(scheduler.nowMs, 20);
  assert.ok(done.every(({ atMs }) => atMs <= 20));
  scheduler.runUntil(100);
  assert.equal(
    done,
    asked.toSorted((a, b) => a.atMs - b.atMs || a.order - b.order),
  );
  assert.is(scheduler.steps, 500);
});

test("Scheduler.runUntil() stops when done, and runs a task of the past now", () => {
  const scheduler = new Scheduler();
  const done: number[] = [];
  scheduler.at(5, () => {
    scheduler.at(1, () => done.push(scheduler.nowMs));
    scheduler.at(6, () => done.push(-1));
  });
  scheduler.runUntil(50, () => done.length === 1);
  assert.equal(done, [5]);
});

test.run();
