import { test } from "uvu";
import * as assert from "uvu/assert";
import { scan } from "./source_scan.ts";
import * as rules from "./tidy_rules.ts";

test("bannedCode() names the line when code holds what is banned", () => {
  const banned = ["let a: any;", "enum A {", "export const enum A {", "export default a;"];
  const more = ["namespace A {", "  private a = 1;", "  constructor(readonly a: string) {}"];
  for (const code of [...banned, ...more, "console.log(1);", "process.stdout.write(a);"]) {
    assert.is(rules.bannedCode(scan("src/core/a.ts", `\n${code}`)).length, 1, code);
    assert.match(rules.bannedCode(scan("src/core/a.ts", `\n${code}`))[0] ?? "", "src/core/a.ts:2:");
  }
  for (const code of ["test.only('a', b);", "test.before(a);", "test.after.each(a);"]) {
    assert.is(rules.bannedCode(scan("test/a_test.ts", code)).length, 1, code);
  }
});

test("bannedCode() is empty when the words are used for something else", () => {
  const fine = ["Promise.any(a);", "// any", '"console.log"', "const enumerate = 1;", "a.only(b);"];
  for (const code of fine) assert.equal(rules.bannedCode(scan("src/a.ts", code)), [], code);
  assert.equal(rules.bannedCode(scan("commands/a.ts", "console.log(1);")), []);
  assert.equal(rules.bannedCode(scan("src/main.ts", "process.stderr.write(a);")), []);
});

test("unfinished() finds marks when they are in comments", () => {
  const mark = ["FIX", "ME"].join("");
  assert.equal(rules.unfinished(scan("a.ts", `// ${mark}: later`)).length, 1);
  assert.equal(rules.unfinished(scan("a.ts", "// done")), []);
});

test("longLines() counts characters when a line has no URL", () => {
  assert.equal(rules.longLines(scan("a.ts", "ä".repeat(104))), []);
  assert.is(rules.longLines(scan("a.ts", "a".repeat(105))).length, 1);
  assert.equal(rules.longLines(scan("a.ts", `// https://example.org/${"a".repeat(100)}`)), []);
});

test("fileLength() refuses a long file when it does not say why", () => {
  const long = "a;\n".repeat(301);
  const reason = "// tidy: long file because it is one table\n";
  assert.is(rules.fileLength(scan("a.ts", long)).violations.length, 1);
  const exempt = rules.fileLength(scan("a.ts", reason + long));
  assert.equal(exempt.violations, []);
  assert.equal(exempt.exemptions, ["a.ts: long file because it is one table"]);
  assert.is(rules.fileLength(scan("a.ts", reason)).violations.length, 1);
});

test("functionLengths() refuses a long function when the file does not say why", () => {
  const long = (lines: number) => `function a(): void {\n${"  b();\n".repeat(lines - 2)}}\n`;
  assert.equal(rules.functionLengths(scan("a.ts", long(70))).violations, []);
  assert.match(rules.functionLengths(scan("a.ts", long(71))).violations[0] ?? "", "71 lines");
  const text = `// tidy: long function because it is one switch\n${long(71)}`;
  assert.equal(rules.functionLengths(scan("a.ts", text)).violations, []);
});

test("undocumented() names exports when no doc comment is directly above", () => {
  const exports = ["export function a() {}", "export class A {}", "export const A = 1;"];
  for (const text of exports) {
    assert.is(rules.undocumented(scan("src/a.ts", text)).length, 1, text);
    assert.is(rules.undocumented(scan("src/a.ts", `/** Doc. */\n\n${text}`)).length, 1, text);
    assert.is(rules.undocumented(scan("src/a.ts", `/* No doc. */\n${text}`)).length, 1, text);
    assert.equal(rules.undocumented(scan("src/a.ts", `/**\n * Doc.\n */\n${text}`)), [], text);
    assert.equal(rules.undocumented(scan("test/a.ts", text)), [], text);
  }
  const row = "/** Both. */\nexport const A = 1;\nexport const B = 2;";
  assert.equal(rules.undocumented(scan("src/a.ts", row)), []);
});

test("withoutRun() names a test file when it only mentions run", () => {
  assert.is(rules.withoutRun(scan("test/a_test.ts", "// test.run()")).length, 1);
  assert.equal(rules.withoutRun(scan("test/a_test.ts", "test.run();")), []);
  assert.equal(rules.withoutRun(scan("test/a.ts", "")), []);
});

test("misnamed() refuses names when they say nothing", () => {
  for (const path of ["src/index.ts", "src/utils/a.ts", "src/aB.ts", "test/helpers/a.ts"]) {
    assert.is(rules.misnamed(path).length, 1, path);
  }
  assert.equal(rules.misnamed("src/core/like_event.ts"), []);
});

test("machinePaths() names a line when it holds a path of one machine", () => {
  for (const folder of ["home", "root", "Users", "work"]) {
    assert.is(rules.machinePaths("README.md", `cd /${folder}/someone`).length, 1, folder);
  }
  for (const text of ["https://example.org/home/a", "~/work/a", "/tmp/a", "../work/a", "/home"]) {
    assert.equal(rules.machinePaths("README.md", text), [], text);
  }
});

test.run();
