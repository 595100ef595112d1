import { test } from "uvu";
import * as assert from "uvu/assert";
import { checkPlatform } from "../src/node_version.ts";

test("checkPlatform() returns undefined when the source runs on that version of Node", () => {
  for (const node of ["20.12.0", "20.20.2", "22.0.0", "24.21.0", "27.0.0-nightly", "100.1.0"]) {
    assert.is(checkPlatform({ node }), undefined, node);
  }
  assert.is(checkPlatform(process.versions), undefined);
});

test("checkPlatform() names what was found and the way out when Node is too old", () => {
  for (const node of ["20.11.1", "20.0.0", "18.20.8", "8.17.0"]) {
    const text = `Cannot run on Node ${node}: it has to be 20.12 or newer; install Node 24`;
    assert.equal(checkPlatform({ node }), { code: "node_unfit", message: text });
  }
});

test("checkPlatform() refuses Deno, whatever Node it says to be like", () => {
  const message = "Cannot run on Deno 2.9.6: its HTTP/2 aborts when a peer leaves; install Node 24";
  const refusal = { code: "node_unfit", message };
  assert.equal(checkPlatform({ node: "26.0.0", deno: "2.9.6" }), refusal);
});

test.run();
