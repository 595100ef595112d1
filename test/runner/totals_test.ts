import { test } from "uvu";
import * as assert from "uvu/assert";
import { parseTotals, sumTotals, totalsLine } from "./totals.ts";

const PRINTED =
  "• ✘  (1 / 2)\n\n  Total:     2\n  Passed:    1\n  Skipped:   3\n  Duration:  1ms\n\n";

test("parseTotals() reads what uvu prints when a file is done", () => {
  assert.equal(parseTotals(PRINTED), { passed: 1, failed: 1, skipped: 3 });
  const colored = PRINTED.replace("Passed:    1", "\u001b[31mPassed:    1\u001b[39m");
  assert.equal(parseTotals(colored), { passed: 1, failed: 1, skipped: 3 });
});

test("parseTotals() takes the last totals when a test printed some itself", () => {
  const own = "  Total:     9\n  Passed:    9\n  Skipped:   0\n";
  assert.equal(parseTotals(own + PRINTED), { passed: 1, failed: 1, skipped: 3 });
});

test("parseTotals() gives nothing when there are no totals", () => {
  for (const output of ["", "Total: 1", "  Total:     1\n  Passed:    1\n"]) {
    assert.is(parseTotals(output), undefined);
  }
});

test("totalsLine() writes what readers of CI logs know when given a sum", () => {
  const one = { passed: 1, failed: 2, skipped: 3 };
  assert.is(totalsLine(sumTotals([one, one])), "2 passed, 4 failed, 6 skipped");
  assert.is(totalsLine(sumTotals([])), "0 passed, 0 failed, 0 skipped");
});

test.run();
