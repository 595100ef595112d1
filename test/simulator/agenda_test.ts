/** The order of a simulated world. */
import { test } from "uvu";
import * as assert from "uvu/assert";
import { Agenda } from "./agenda.ts";
import { Random } from "./random.ts";

test("Agenda.runUntil() does tasks by their time, and those of one time in the order of asking", () => {
  const agenda = new Agenda();
  const random = new Random(1);
  const asked = Array.from({ length: 500 }, (_, order) => ({ atMs: random.whole(0, 40), order }));
  const done: typeof asked = [];
  for (const one of asked) agenda.at(one.atMs, () => done.push(one));
  agenda.runUntil(20);
  assert.is(agenda.nowMs, 20);
  assert.ok(done.every(({ atMs }) => atMs <= 20));
  agenda.runUntil(100);
  assert.equal(
    done,
    asked.toSorted((a, b) => a.atMs - b.atMs || a.order - b.order),
  );
  assert.is(agenda.steps, 500);
});

test("Agenda.runUntil() ends when it is done, and does now what is asked for the past", () => {
  const agenda = new Agenda();
  const done: number[] = [];
  agenda.at(5, () => {
    agenda.at(1, () => done.push(agenda.nowMs));
    agenda.at(6, () => done.push(-1));
  });
  agenda.runUntil(50, () => done.length === 1);
  assert.equal(done, [5]);
});

test.run();
