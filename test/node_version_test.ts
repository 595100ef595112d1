import { test } from "uvu";
import * as assert from "uvu/assert";
import { refuseNode } from "../src/node_version.ts";

test("refuseNode() gives nothing when the source runs on that version", () => {
  for (const version of ["20.12.0", "20.20.2", "22.0.0", "24.21.0", "27.0.0-nightly", "100.1.0"]) {
    assert.is(refuseNode(version), undefined, version);
  }
  assert.is(refuseNode(process.versions.node), undefined);
});

test("refuseNode() names what was found and the way out when the version is too old", () => {
  for (const version of ["20.11.1", "20.0.0", "18.20.8", "8.17.0"]) {
    const text = `Cannot run on Node ${version}: it has to be 20.12 or newer; install Node 24`;
    assert.equal(refuseNode(version), { code: "node_unfit", message: text });
  }
});

test.run();
