import { test } from "uvu";
import * as assert from "uvu/assert";
import { scan } from "./source_scan.ts";
import * as rules from "./tidy_rules.ts";

test("bannedCode() names the line when code holds what is banned", () => {
  const banned = ["let a: any;", "enum A {", "export const enum A {", "export default a;"];
  const arrows = [
    "const a = () => 1;",
    "export const a: B = async ({ c }) => {",
    "const a = b => 1;",
  ];
  const more = ["namespace A {", "  private a = 1;", "  constructor(readonly a: string) {}"];
  const other = ["  static private a = 1;"];
  for (const code of [
    ...banned,
    ...more,
    ...arrows,
    ...other,
    "console.log(1);",
    "process.stdout.write(a);",
  ]) {
    assert.is(rules.bannedCode(scan("src/core/a.ts", `\n${code}`)).length, 1, code);
    assert.match(rules.bannedCode(scan("src/core/a.ts", `\n${code}`))[0] ?? "", "src/core/a.ts:2:");
  }
  for (const code of ["test.only('a', b);", "test.before(a);", "test.after.each(a);"]) {
    assert.is(rules.bannedCode(scan("test/a_test.ts", code)).length, 1, code);
  }
});

test("bannedCode() is empty when the words are used for something else", () => {
  const fine = ["Promise.any(a);", "// any", '"console.log"', "const enumerate = 1;", "a.only(b);"];
  const closures = [
    "  const a = () => 1;",
    "const A = b.map((c) => c);",
    "const a = (await b()).map((c) => c);",
    "const a = c as () => void;",
  ];
  for (const code of [...fine, ...closures]) {
    assert.equal(rules.bannedCode(scan("src/a.ts", code)), [], code);
  }
  assert.equal(rules.bannedCode(scan("commands/a.ts", "console.log(1);")), []);
  assert.equal(rules.bannedCode(scan("src/main.ts", "process.stderr.write(a);")), []);
});

test("unfinished() finds marks when they are in comments", () => {
  const mark = ["FIX", "ME"].join("");
  assert.equal(rules.unfinished(scan("a.ts", `// ${mark}: later`)).length, 1);
  assert.equal(rules.unfinished(scan("a.ts", "// done")), []);
});

test("swallowed() names a caught error when nobody says why it does not matter", () => {
  for (const code of [
    "a.catch(() => {});",
    "a\n.catch((e) => undefined);",
    "a.catch(() => null)",
  ]) {
    assert.is(rules.swallowed(scan("src/a.ts", code)).length, 1, code);
    assert.equal(rules.swallowed(scan("src/a.ts", `${code} // why`)), [], code);
  }
  assert.equal(rules.swallowed(scan("src/a.ts", "// why\na.catch(() => {});")), []);
  assert.equal(rules.swallowed(scan("src/a.ts", "a.catch((error) => tell(error));")), []);
});

test("unopened() names a file of src/ when it does not begin with what it is", () => {
  assert.is(rules.unopened(scan("src/a.ts", 'import { b } from "./b.ts";\n/** A. */')).length, 1);
  assert.equal(rules.unopened(scan("src/a.ts", "/** A. */")), []);
  assert.equal(rules.unopened(scan("src/a.ts", "#!/usr/bin/env node\n/** A. */")), []);
  assert.equal(rules.unopened(scan("commands/a.ts", "")), []);
});

test("undocumented() names exports when no doc comment is directly above", () => {
  const exports = ["export function a() {}", "export class A {}", "export const A = 1;"];
  for (const text of [...exports, "export interface A {}", "export type A = 1;"]) {
    assert.is(rules.undocumented(scan("src/a.ts", text)).length, 1, text);
    assert.is(rules.undocumented(scan("src/a.ts", `/** Doc. */\n\n${text}`)).length, 1, text);
    assert.is(rules.undocumented(scan("src/a.ts", `/* No doc. */\n${text}`)).length, 1, text);
    assert.equal(rules.undocumented(scan("src/a.ts", `/**\n * Doc.\n */\n${text}`)), [], text);
    assert.is(rules.undocumented(scan("commands/a.ts", text)).length, 1, text);
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

test("machinePaths() names a line when it holds a path of one machine", () => {
  for (const folder of ["home", "root", "Users", "work"]) {
    assert.is(rules.machinePaths("README.md", `cd /${folder}/someone`).length, 1, folder);
  }
  for (const text of ["https://example.org/home/a", "~/work/a", "/tmp/a", "../work/a", "/home"]) {
    assert.equal(rules.machinePaths("README.md", text), [], text);
  }
});

test.run();
