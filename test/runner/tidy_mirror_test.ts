import { test } from "uvu";
import * as assert from "uvu/assert";
import { scan } from "./source_scan.ts";
import * as mirror from "./tidy_mirror.ts";

const PATHS = new Set([
  "src/core/primary.ts",
  "commands/add.ts",
  "commands/_flags.ts",
  "tools/matrix.ts",
  "test/runner/totals.ts",
  "test/core/primary_pulses_test.ts",
]);
const LONG = `/** A. */\nfunction a(): void {\n}\n${"b();\n".repeat(120)}`;

test("mirrorsNothing() is empty when a test stands where its source does", () => {
  const right = ["core/primary", "core/primary_pulses", "commands/add", "commands/flags"];
  for (const name of [...right, "tools/matrix", "runner/totals", "integration/kill"]) {
    const path = `test/${name}_test.ts`;
    assert.equal(mirror.mirrorsNothing(scan(path, ""), PATHS).violations, [], path);
  }
  assert.equal(mirror.mirrorsNothing(scan("test/simulator/world.ts", ""), PATHS).violations, []);
});

test("mirrorsNothing() names a test when nothing has its name, and it does not say why", () => {
  for (const name of ["primary", "core/prim", "core/primarypulses", "rpc/primary"]) {
    const path = `test/${name}_test.ts`;
    assert.is(mirror.mirrorsNothing(scan(path, ""), PATHS).violations.length, 1, path);
    const exempt = scan(path, "// tidy: mirrors no file because of all\n");
    assert.is(mirror.mirrorsNothing(exempt, PATHS).exemptions.length, 1, path);
  }
});

test("untested() names long source when no test file mirrors it", () => {
  assert.is(mirror.untested(scan("src/core/ledger.ts", LONG), PATHS).violations.length, 1);
  assert.equal(mirror.untested(scan("src/core/primary.ts", LONG), PATHS).violations, []);
  const exempt = scan("src/core/ledger.ts", `// tidy: no test because of others\n${LONG}`);
  assert.is(mirror.untested(exempt, PATHS).exemptions.length, 1);
});

test("untested() is empty when source is short, or holds no function", () => {
  for (const code of ["function a(): void {\n}\n", "export type A = 1;\n".repeat(200)]) {
    assert.equal(mirror.untested(scan("src/core/ledger.ts", code), PATHS).violations, []);
  }
  assert.equal(mirror.untested(scan("commands/b.ts", LONG), PATHS).violations, []);
});

test("badTestNames() is empty when a test begins with a symbol of the source", () => {
  const source = scan("src/a.ts", "function readIt() {} const LIMITS = 1;");
  const words = new Set(["docs/A.md", ...mirror.wordsOf(source)]);
  const right = ["readIt() gives all when asked", "LIMITS are kept when read"];
  for (const title of [...right, "docs/A.md is kept when read", "${name}: gives all when asked"]) {
    const code = `test("${title}", () => {});`;
    assert.equal(mirror.badTestNames(scan("test/core/a_test.ts", code), words), [], title);
  }
  const whole = 'test("the total is exact when all are killed", () => {});';
  assert.equal(mirror.badTestNames(scan("test/integration/a_test.ts", whole), words), []);
});

test("badTestNames() names a test when its name says too little", () => {
  const words = new Set(["readIt"]);
  const wrong = ["it gives all when asked", "readIt() works", "readIt() gives all when asked."];
  for (const title of wrong) {
    const code = `test("${title}", () => {});`;
    assert.is(mirror.badTestNames(scan("test/core/a_test.ts", code), words).length, 1, title);
  }
  const twice = 'test("readIt() gives all", () => {});\n'.repeat(2);
  assert.is(mirror.badTestNames(scan("test/core/a_test.ts", twice), words).length, 1);
});

test("wordsOf() leaves out what comments and texts say", () => {
  assert.equal(mirror.wordsOf(scan("src/a.ts", 'const ab = "cd"; // ef')), ["const", "ab"]);
});

test("sleeps() names a line when a unit test waits by the clock", () => {
  for (const code of ["setTimeout(a, 5);", "await pause(5);", "setInterval(a, 5)"]) {
    assert.is(mirror.sleeps(scan("test/core/a_test.ts", code)).violations.length, 1, code);
    assert.equal(mirror.sleeps(scan("test/integration/a_test.ts", code)).violations, [], code);
    assert.equal(mirror.sleeps(scan("test/core/a_test.ts", `// ${code}`)).violations, [], code);
  }
});

test("ownProcesses() names a test when it starts processes beside the fixtures", () => {
  const code = 'import { spawn } from "node:child_process";\n';
  for (const path of ["test/core/a_test.ts", "test/core/a.ts", "bench/a.ts"]) {
    assert.is(mirror.ownProcesses(scan(path, code)).violations.length, 1, path);
    const exempt = `// tidy: own processes because they are not roles\n${code}`;
    assert.is(mirror.ownProcesses(scan(path, exempt)).exemptions.length, 1, path);
  }
  const waiting = 'import { spawnSync } from "node:child_process";\n';
  assert.equal(mirror.ownProcesses(scan("bench/a.ts", waiting)).violations, []);
  for (const path of ["test/fixtures/a.ts", "test/runner/a.ts", "tools/a.ts", "src/a.ts"]) {
    assert.equal(mirror.ownProcesses(scan(path, code)).violations, [], path);
  }
});

test.run();
