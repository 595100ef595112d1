import { test } from "uvu";
import * as assert from "uvu/assert";
import { LOG_EVENT_LINES_PER_S_MAX } from "../../src/limits.ts";
import { EventLines } from "../../src/log/event_lines.ts";

test("allow() is true up to the bound of a second, and again in the next", () => {
  const lines = new EventLines();
  for (let line = 0; line < LOG_EVENT_LINES_PER_S_MAX; line++) {
    assert.is(lines.allow(1, 5_000 + line), true);
  }
  assert.is(lines.allow(1, 5_999), false);
  assert.is(lines.allow(1, 6_000), true);
});

test("allow() is false when one batch exceeds the bound", () => {
  const lines = new EventLines();
  assert.is(lines.allow(LOG_EVENT_LINES_PER_S_MAX + 1, 0), false);
  assert.is(lines.allow(1, 999), false);
  assert.is(lines.allow(LOG_EVENT_LINES_PER_S_MAX, 1_000), true);
});

test.run();
