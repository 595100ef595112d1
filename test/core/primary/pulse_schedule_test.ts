import { test } from "uvu";
import * as assert from "uvu/assert";
import { pulseGapMs } from "../../../src/core/primary/pulse_schedule.ts";
import { PULSE_GAP_MAX_MS, PULSE_GAP_MIN_MS, STREAMS_MAX } from "../../../src/limits.ts";

test("pulseGapMs() grows with the streams, so that few get them soon and many still answer", () => {
  assert.equal([0, 1, 5].map(pulseGapMs), [PULSE_GAP_MIN_MS, PULSE_GAP_MIN_MS, PULSE_GAP_MIN_MS]);
  assert.equal([10, 20].map(pulseGapMs), [20, 40]);
  assert.equal([25, STREAMS_MAX].map(pulseGapMs), [PULSE_GAP_MAX_MS, PULSE_GAP_MAX_MS]);
});

test.run();
