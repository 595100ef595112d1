import { test } from "uvu";
import * as assert from "uvu/assert";
import { followParent, sendToParent } from "../../src/demo/child_channel.ts";

test("followParent() throws when there is no parent", () => {
  assert.throws(
    () => followParent({}, () => {}),
    /^Cannot use --supervised: this process has no parent; /,
  );
});

test("sendToParent() does nothing when there is no parent", () => {
  sendToParent({ type: "accepting" });
});

test.run();
