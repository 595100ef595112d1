import { test } from "uvu";
import * as assert from "uvu/assert";
import { obeyParent, tellParent } from "../../src/demo/child_channel.ts";

test("obeyParent() refuses when there is no parent to obey", () => {
  assert.throws(() => obeyParent({}, () => {}), /^Cannot obey a parent: --supervised is for /);
});

test("tellParent() does nothing when there is no parent to tell", () => {
  tellParent({ type: "accepting" });
});

test.run();
