import { test } from "uvu";
import * as assert from "uvu/assert";
import { NEW_LEDGER } from "../../../src/core/ledger/rows.ts";
import { LogicalClock } from "../../../src/core/primary/logical_clock.ts";
import { PulseSchedule } from "../../../src/core/primary/pulse_schedule.ts";
import { PULSE_GAP_MAX_MS, PULSE_GAP_MIN_MS, STREAMS_MAX } from "../../../src/limits.ts";

test("a pulse for a new total comes soon to few streams, and later to many", () => {
  for (const [streams, gapMs] of [
    [1, PULSE_GAP_MIN_MS],
    [5, PULSE_GAP_MIN_MS],
    [10, 20],
    [20, 40],
    [25, PULSE_GAP_MAX_MS],
    [STREAMS_MAX, PULSE_GAP_MAX_MS],
  ] as const) {
    const pulses = new PulseSchedule(new LogicalClock(0, 0, 0), 0);
    const meta = { ...NEW_LEDGER, version: 1, totalVersion: 1, totalLikes: 1n };
    assert.not(pulses.isDueForTotal(meta, streams, gapMs - 1), `${streams} streams`);
    assert.ok(pulses.isDueForTotal(meta, streams, gapMs), `${streams} streams`);
    assert.ok(pulses.isDue(meta, "unknown", streams, gapMs), `${streams} streams`);
  }
});

test.run();
