import { test } from "uvu";
import * as assert from "uvu/assert";
import { addressText, labelText, shortId } from "../../src/text/names.ts";

test("labelText() escapes a label, and cuts it when long", () => {
  assert.is(labelText("fra-1"), "fra-1");
  assert.not.match(labelText("\u001b[2J"), /\u001b/);
  assert.is(labelText("a".repeat(64)).length, 32);
});

test("addressText() escapes an address, and cuts it when long", () => {
  assert.is(addressText("127.0.0.1:50052"), "127.0.0.1:50052");
  assert.is(addressText(""), "no address");
  assert.not.match(addressText("a\u202e:1"), /\u202e/);
  assert.is(addressText("a".repeat(256)).length, 48);
});

test("shortId() is the beginning of an id", () => {
  assert.is(shortId(`3f2a91c0${"0".repeat(24)}`), "3f2a91c0");
});

test.run();
