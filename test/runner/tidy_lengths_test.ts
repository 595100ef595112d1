import { test } from "uvu";
import * as assert from "uvu/assert";
import { scan } from "./source_scan.ts";
import * as lengths from "./tidy_lengths.ts";

test("longLines() counts characters when a line has no URL", () => {
  assert.equal(lengths.longLines(scan("a.ts", "ä".repeat(104))), []);
  assert.is(lengths.longLines(scan("a.ts", "a".repeat(105))).length, 1);
  assert.equal(lengths.longLines(scan("a.ts", `// https://example.org/${"a".repeat(100)}`)), []);
});

test("fileLength() refuses a long file when it does not say why", () => {
  const long = "a;\n".repeat(301);
  const reason = "// tidy: long file because it is one table\n";
  assert.is(lengths.fileLength(scan("a.ts", long)).violations.length, 1);
  const exempt = lengths.fileLength(scan("a.ts", reason + long));
  assert.equal(exempt.violations, []);
  assert.equal(exempt.exemptions, ["a.ts: long file because it is one table"]);
  assert.is(lengths.fileLength(scan("a.ts", reason)).violations.length, 1);
});

test("functionLengths() refuses a long function when the file does not say why", () => {
  const long = (lines: number) => `function a(): void {\n${"  b();\n".repeat(lines - 2)}}\n`;
  assert.equal(lengths.functionLengths(scan("a.ts", long(70))).violations, []);
  assert.match(lengths.functionLengths(scan("a.ts", long(71))).violations[0] ?? "", "71 lines");
  const text = `// tidy: long function because it is one switch\n${long(71)}`;
  assert.equal(lengths.functionLengths(scan("a.ts", text)).violations, []);
});

test("runLength() refuses a long run() when it is a command's", () => {
  const run = (lines: number) => `  override async run() {\n${"    b();\n".repeat(lines - 2)}  }\n`;
  assert.equal(lengths.runLength(scan("commands/a.ts", run(35))).violations, []);
  assert.is(lengths.runLength(scan("commands/a.ts", run(36))).violations.length, 1);
  assert.equal(lengths.runLength(scan("src/a.ts", run(36))).violations, []);
  const exempt = `// tidy: long run because it is one table\n${run(36)}`;
  assert.equal(lengths.runLength(scan("commands/a.ts", exempt)).violations, []);
});

test.run();
