import { test } from "uvu";
import * as assert from "uvu/assert";
import { decodeMark, encodeMark, generatedEvents } from "../../src/demo/generator_mark.ts";
import { MARK_CHARS_MAX } from "../../src/limits.ts";

test("decodeMark() reverses encodeMark(), also at the largest values", () => {
  const most = Number.MAX_SAFE_INTEGER;
  for (const mark of [
    { startMs: 0, tick: 1, events: 1 },
    { startMs: most, tick: most, events: most },
  ]) {
    const text = encodeMark(mark);
    assert.equal(decodeMark(text), mark);
    assert.is(generatedEvents(text), mark.events);
    assert.ok(text.length <= MARK_CHARS_MAX);
  }
});

test("decodeMark() returns undefined when the mark is not a generator's", () => {
  const others = [undefined, "", "null", "7", "page 3", "{}", '{"startMs":1,"tick":1}'];
  const damaged = ['{"startMs":-1,"tick":1,"events":1}', '{"startMs":1,"tick":0.5,"events":1}'];
  for (const text of [...others, ...damaged]) {
    assert.is(decodeMark(text), undefined, text);
    assert.is(generatedEvents(text), 0);
  }
});

test.run();
