import { test } from "uvu";
import * as assert from "uvu/assert";
import { UnansweredPulses } from "../../../src/core/primary/unanswered_pulses.ts";
import { PULSES_UNANSWERED_MAX } from "../../../src/limits.ts";

function pulses(count: number): UnansweredPulses {
  const unanswered = new UnansweredPulses();
  for (let pulseMs = 1; pulseMs <= count; pulseMs++) {
    unanswered.add({ pulseMs, sentMs: pulseMs * 10 });
  }
  return unanswered;
}

test("answer() returns when a pulse was sent, and drops the older ones", () => {
  const unanswered = pulses(3);
  assert.is(unanswered.answer(2), 20);
  assert.equal(
    [1, 2, 3].map((pulseMs) => unanswered.has(pulseMs)),
    [false, false, true],
  );
});

test("answer() asserts when the pulse was answered before, or never sent", () => {
  const unanswered = pulses(2);
  unanswered.answer(1);
  assert.throws(() => unanswered.answer(1), "answers an unanswered pulse");
  assert.throws(() => unanswered.answer(3), "answers an unanswered pulse");
});

test("add() asserts that at most PULSES_UNANSWERED_MAX are unanswered", () => {
  const unanswered = pulses(PULSES_UNANSWERED_MAX);
  assert.ok(unanswered.isFull);
  const next = { pulseMs: PULSES_UNANSWERED_MAX + 1, sentMs: 0 };
  assert.throws(() => unanswered.add(next), "no pulse is sent while too many are unanswered");
  unanswered.answer(1);
  assert.not.ok(unanswered.isFull);
  unanswered.add(next);
});

test("add() asserts that pulse times increase", () => {
  assert.throws(() => pulses(2).add({ pulseMs: 2, sentMs: 0 }), "labels of pulses increase");
});

test.run();
