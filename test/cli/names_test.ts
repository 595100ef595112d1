import { test } from "uvu";
import * as assert from "uvu/assert";
import { labelText, shortId } from "../../src/cli/names.ts";

test("labelText() escapes a label, and cuts a long one", () => {
  assert.is(labelText("fra-1"), "fra-1");
  assert.not.match(labelText("\u001b[2J"), /\u001b/);
  assert.is(labelText("a".repeat(64)).length, 32);
});

test("shortId() is the beginning of an id", () => {
  assert.is(shortId(`3f2a91c0${"0".repeat(24)}`), "3f2a91c0");
});

test.run();
