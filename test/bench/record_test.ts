import { readFileSync } from "node:fs";
import { test } from "uvu";
import * as assert from "uvu/assert";
import { withRecorded } from "../../bench/record.ts";

const PAGE = readFileSync(new URL("../../bench/README.md", import.meta.url), "utf8");

test("withRecorded() puts figures in the place of the old ones when it is done again", () => {
  const once = withRecorded(PAGE, "### first\n");
  assert.match(once, "\n\n### first\n\n");
  const twice = withRecorded(once, "### second");
  assert.not.match(twice, "### first");
  assert.is(twice, withRecorded(PAGE, "### second"));
});

test("withRecorded() leaves what people wrote when it records", () => {
  const [head = "", rest = ""] = PAGE.split("<!-- recorded by");
  const recorded = withRecorded(PAGE, "### first");
  assert.ok(recorded.startsWith(head));
  assert.ok(recorded.endsWith(rest.slice(rest.indexOf("<!-- end of"))));
});

test("withRecorded() refuses when a page has no place for it", () => {
  assert.throws(() => withRecorded("# Bench\n", "### first"), /Cannot record: the page lacks/);
});

test.run();
