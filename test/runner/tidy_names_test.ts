import { test } from "uvu";
import * as assert from "uvu/assert";
import { scan } from "./source_scan.ts";
import { badNames, misnamed } from "./tidy_names.ts";

test("badNames() names what is declared when it shouts", () => {
  for (const name of ["class RPCServer {}", "function readJSONLine() {}", "const itemID = 1;"]) {
    assert.is(badNames(scan("src/a.ts", name)).length, 1, name);
  }
  for (const name of [
    "class RpcServer {}",
    "const ITEM_IDS = 1;",
    "a.toJSON();",
    "const isA = 1;",
  ]) {
    assert.equal(badNames(scan("src/a.ts", name)), [], name);
  }
});

test("badNames() names what is declared when the unit or the bound is not last", () => {
  const wrong = ["const MAX_BYTES = 1;", "const maxEvents = 1;", "f(minEvents: number)"];
  for (const name of [...wrong, "const A_MS_SPENT = 1;"]) {
    assert.is(badNames(scan("src/a.ts", name)).length, 1, name);
  }
  const right = ["const A_BYTES_MAX = 1;", "f(minMs: number)", "{ maxLength: 4 }", "Math.max(1)"];
  for (const name of right) assert.equal(badNames(scan("src/a.ts", name)), [], name);
});

test("badNames() names a time when its name has no unit", () => {
  const wrong = ["const ACK_INTERVAL = 5;", "f(timeout: number)", "readonly stopWait?: number;"];
  for (const name of [...wrong, "const WAIT_MAX = 1;"]) {
    assert.is(badNames(scan("src/a.ts", name)).length, 1, name);
  }
  const right = [
    "const ACK_INTERVAL_MS = 5;",
    "f(timeoutMs: number)",
    "message: number",
    "a: number",
  ];
  for (const name of right) assert.equal(badNames(scan("src/a.ts", name)), [], name);
});

test("misnamed() refuses names when they say nothing", () => {
  const wrong = [
    "src/index.ts",
    "src/utils/a.ts",
    "src/aB.ts",
    "test/helpers/a.ts",
    "src/utils.ts",
  ];
  for (const path of wrong) assert.is(misnamed(path).length, 1, path);
  assert.equal(misnamed("src/core/like_event.ts"), []);
});

test.run();
