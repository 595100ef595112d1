import { test } from "uvu";
import * as assert from "uvu/assert";
import { expectSame, isMet } from "../../bench/figure.ts";
import type { Figure, FigureResult, Row } from "../../bench/figure.ts";
import { FIGURES, figuresOf } from "../../bench/figures.ts";
import { aimText, figureJson, figureMarkdown, numberText } from "../../bench/report.ts";

const SLOW: Row = {
  name: "to streaming",
  unit: "s",
  values: [4, 2, 3.5],
  aim: { is: "under", bound: 3 },
};
const MANY: Row = {
  name: "delivered",
  unit: "events/s",
  values: [412_345],
  aim: { is: "over", bound: 200_000 },
};
const RESULT: FigureResult = {
  settings: { runs: 3, events: 1_000_000 },
  rows: [SLOW, MANY, { name: "max", unit: "ms", values: [25.04] }],
  checked: ["nothing was lost"],
};
const FIGURE: Figure = {
  name: "start",
  title: "from here to there",
  seconds: 1,
  run: () => Promise.resolve(RESULT),
};

test("isMet() compares the median with the aim, if there is one", () => {
  assert.is(isMet(SLOW), false);
  assert.is(isMet({ ...SLOW, values: [4, 2, 2.9] }), true);
  assert.is(isMet({ ...SLOW, values: [3] }), false, "the bound itself is not under it");
  assert.is(isMet(MANY), true);
  assert.is(isMet({ ...MANY, values: [200_000] }), false);
  assert.is(isMet({ name: "max", unit: "ms", values: [1] }), undefined);
});

test("aimText() says whether the aim was met, if there is one", () => {
  assert.is(aimText(SLOW), "under 3 s: MISSED");
  assert.is(aimText(MANY), "over 200,000 events/s: met");
  assert.is(aimText({ name: "max", unit: "ms", values: [1] }), "");
});

test("numberText() keeps the significant digits of small and large values", () => {
  assert.is(numberText(0.0512, "ms"), "0.0512");
  assert.is(numberText(3.456, "ms"), "3.46");
  assert.is(numberText(99.96, "ms"), "100");
  assert.is(numberText(1_234.5, "ms"), "1235");
  assert.is(numberText(412_345, "events/s"), "412,300");
});

test("figureMarkdown() has all of a figure, for people", () => {
  const text = figureMarkdown(FIGURE, RESULT);
  assert.match(text, "### start: from here to there");
  assert.match(text, "Settings: runs 3, events 1,000,000.");
  assert.match(text, "| to streaming | 3.50 | 2.00 | 4.00 | s | under 3 s: MISSED |");
  assert.match(text, "Checked: nothing was lost.");
});

test("figureJson() has all of a figure, for programs", () => {
  const json = JSON.parse(JSON.stringify(figureJson(FIGURE, RESULT))) as Record<string, unknown>;
  const [first] = json["rows"] as Record<string, unknown>[];
  const spread = { median: 3.5, min: 2, max: 4, runs: 3 };
  assert.equal(first, { ...SLOW, ...spread, met: false });
  assert.equal(json["settings"], RESULT.settings);
  assert.equal(json["checked"], RESULT.checked);
});

test("figuresOf() returns all figures or the named ones, and throws for others", () => {
  assert.is(figuresOf([]), FIGURES);
  assert.equal(
    figuresOf(["memory", "version"]).map(({ name }) => name),
    ["memory", "version"],
  );
  assert.throws(() => figuresOf(["speed"]), /Cannot measure "speed": give one of version, start/);
});

test("expectSame() throws when values differ", () => {
  expectSame("the total", 5n, 5n);
  assert.throws(() => expectSame("the total", 4n, 5n), /the total is 4, not 5/);
});

test.run();
