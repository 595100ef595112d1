import fc from "fast-check";
import { test } from "uvu";
import * as assert from "uvu/assert";
import { countBar, progressBar } from "../../src/cli/progress.ts";

test("progressBar() draws the elapsed share when there is room", () => {
  assert.is(progressBar(0, 60_000, 30), "[>                ] 0 s of 1 m");
  assert.is(progressBar(30_000, 60_000, 32), "[=========>        ] 30 s of 1 m");
  assert.is(progressBar(60_000, 60_000, 30), "[=================] 1 m of 1 m");
});

test("progressBar() stays within bounds when the time is over or has not begun", () => {
  assert.is(progressBar(90_000, 60_000, 30), progressBar(60_000, 60_000, 30));
  assert.is(progressBar(-1, 60_000, 30), progressBar(0, 60_000, 30));
  assert.match(progressBar(0, 0, 40), /^\[=+\] 0 s of 0 s$/);
});

test("progressBar() returns only the times when there is no room for a bar", () => {
  assert.is(progressBar(30_000, 60_000, 20), "30 s of 1 m");
  assert.is(progressBar(30_000, 60_000, 5), "30 s…");
});

test("countBar() draws the finished share when there is room", () => {
  assert.is(countBar(2_500, 5_000, "event", 40), "[========>       ] 2,500 of 5,000 events");
  assert.is(countBar(6, 5, "event", 40), countBar(5, 5, "event", 40));
  assert.is(countBar(0, 0, "byte", 30), "[===============] 0 of 0 bytes");
  assert.is(countBar(1, 1, "event", 12), "1 of 1 event");
});

test("progressBar() is never wider than the terminal for any times", () => {
  const time = fc.integer({ min: 0, max: 600_000_000 });
  fc.assert(
    fc.property(time, time, fc.integer({ min: 1, max: 300 }), (doneMs, totalMs, columns) => {
      return progressBar(doneMs, totalMs, columns).length <= columns;
    }),
  );
});

test.run();
