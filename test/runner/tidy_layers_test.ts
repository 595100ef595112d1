import { test } from "uvu";
import * as assert from "uvu/assert";
import { scan } from "./source_scan.ts";
import { importCycles, impurities, layerOf, layerViolations } from "./tidy_layers.ts";

test("layerOf() knows the place of a file when its folder is listed", () => {
  assert.is(layerOf("src/errors.ts"), "leaf");
  assert.is(layerOf("src/core/primary.ts"), "core");
  assert.is(layerOf("src/main.ts"), "main");
  assert.is(layerOf("commands/add.ts"), "commands");
  assert.is(layerOf("test/cli/a_test.ts"), "test");
  for (const path of ["src/other.ts", "src/other/a.ts", "src/leaf/a.ts", "other/a.ts"]) {
    assert.is(layerOf(path), undefined, path);
  }
});

test("layerViolations() is empty when imports point down", () => {
  const allowed = {
    "src/core/a.ts": "./b.ts",
    "src/rpc/a.ts": "@grpc/grpc-js",
    "src/store/a.ts": "../core/b.ts",
    "src/store/b.ts": "./sqlite.ts",
    "src/verify/a.ts": "../store/sqlite.ts",
    "src/verify/b.ts": "../limits.ts",
    "src/log/a.ts": "../local_time.ts",
    "src/primary/a.ts": "../rpc/b.ts",
    "src/orchestrator/a.ts": "../likes_server/b.ts",
    "commands/a.ts": "../src/orchestrator/b.ts",
    "test/a_test.ts": "../commands/_b.ts",
    "commands/b.ts": "./_c.ts",
    "bench/a.ts": "../test/fixtures/roles.ts",
    "tools/a.ts": "@oclif/core",
  };
  for (const [path, specifier] of Object.entries(allowed)) {
    assert.equal(layerViolations(scan(path, `import { a } from "${specifier}";`)), [], path);
  }
  for (const layer of ["core", "verify"]) {
    const text = `import type { A } from "../${layer}/a.ts";`;
    assert.equal(layerViolations(scan("src/cli/a.ts", text)), []);
  }
});

test("layerViolations() names the import when it points up or aside", () => {
  const forbidden = {
    "src/assert.ts": "./core/b.ts",
    "src/core/a.ts": "node:fs",
    "src/core/b.ts": "../store/b.ts",
    "src/core/c.ts": "../local_time.ts",
    "src/cli/a.ts": "../core/b.ts",
    "src/cli/b.ts": "../verify/b.ts",
    "src/store/a.ts": "../rpc/b.ts",
    "src/store/c.ts": "../verify/b.ts",
    "src/verify/a.ts": "../store/sqlite_kind.ts",
    "src/verify/b.ts": "../core/record.ts",
    "src/verify/c.ts": "@photostructure/sqlite",
    "src/primary/b.ts": "../verify/b.ts",
    "src/rpc/a.ts": "../store/b.ts",
    "src/primary/a.ts": "../likes_server/b.ts",
    "src/likes_server/a.ts": "@grpc/grpc-js",
    "src/orchestrator/a.ts": "../../commands/b.ts",
    "src/main.ts": "../commands/b.ts",
    "commands/a.ts": "../test/b.ts",
    "commands/b.ts": "../tools/b.ts",
    "src/rpc/b.ts": "../../bench/b.ts",
    "src/other/a.ts": "./b.ts",
    "src/store/b.ts": "node:assert/strict",
    "commands/c.ts": "./other/_b.ts",
  };
  for (const [path, specifier] of Object.entries(forbidden)) {
    const found = layerViolations(scan(path, `import { a } from "${specifier}";`));
    assert.is(found.length, 1, path);
  }
});

test("impurities() names clocks, randomness and the process when they are in core", () => {
  const impure = ["Date.now()", "new Date()", "Math.random()", "setTimeout(a)", "process.pid"];
  const machine = ["Buffer.from(a)", "a.toLocaleString()", "a.localeCompare(b)", "new Intl.A()"];
  for (const code of [...impure, ...machine, "performance.now()", "console.log(a)"]) {
    assert.is(impurities(scan("src/core/a.ts", code)).length, 1, code);
    assert.equal(impurities(scan("src/store/a.ts", code)), [], code);
  }
  const pure = ["a.process(b)", "const a = { process: 1 };", '"Date"', "// Date", "Math.min(a)"];
  for (const code of pure) assert.equal(impurities(scan("src/core/a.ts", code)), [], code);
});

test("importCycles() names the files when types go round", () => {
  const a = scan("src/core/a.ts", 'import type { B } from "./b.ts";');
  const b = scan("src/core/b.ts", 'import { c } from "../c.ts";');
  const c = scan("src/c.ts", 'import type { A } from "./core/a.ts";');
  assert.equal(importCycles([a, b]), []);
  const cycle = "src/core/a.ts -> src/core/b.ts -> src/c.ts -> src/core/a.ts";
  assert.equal(importCycles([a, b, c]), [cycle]);
});

test.run();
