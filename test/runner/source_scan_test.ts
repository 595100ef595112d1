import { test } from "uvu";
import * as assert from "uvu/assert";
import { functionsOf, importsOf, lineAt, scan } from "./source_scan.ts";

test("scan() blanks comments and literals when they hold what looks like code", () => {
  const lines = [
    'const a = "any // no comment"; // any',
    "const b = 'it\\'s any' /* any\n any */ + c;",
    "const d = `any ${e ? `any ${f}` : { g: 1 }.g} any`;",
    'const h = /any[/any]"/.test(i) ? j / k / l : m;',
  ];
  const { code, text } = scan("a.ts", lines.join("\n"));
  assert.not.ok(code.includes("any"));
  assert.is(code.length, text.length);
  const left = code.replace(/\s+/g, " ");
  const expected =
    "const a = ; const b = + c; const d = e ? f : { g: 1 }.g ; " +
    "const h = .test(i) ? j / k / l : m;";
  assert.is(left, expected);
});

test("scan() keeps literals when only comments are taken out", () => {
  const { uncommented } = scan("a.ts", 'import a from "./a.ts"; // from "./b.ts"');
  assert.is(uncommented.trimEnd(), 'import a from "./a.ts";');
});

test("importsOf() finds every way to import when a file has them", () => {
  const text = [
    '// import x from "./commented.ts";',
    'import a from "a";',
    'import type {\n  B,\n} from "./b.ts";',
    'export * from "./c.ts";',
    'export type { D } from "./d.ts";',
    'import "./e.ts";',
    'const f = await import("./f.ts");',
    "const text = 'import g from \"./g.ts\"';",
    "export const h = Array.from(i);",
  ];
  const found = importsOf(scan("a.ts", text.join("\n")));
  const expected = ["./b.ts type", "./c.ts", "./d.ts type", "./e.ts", "./f.ts", "a"];
  const names = found.map(({ specifier, isType }) => specifier + (isType ? " type" : ""));
  assert.equal(names.toSorted(), expected);
});

test("functionsOf() finds functions, methods and arrows when they have a block", () => {
  const text = [
    "export async function a(",
    "  b: string,",
    "): Promise<void> {",
    "  if (b) {",
    "  } else {",
    "  }",
    "}",
    "class C {",
    "  #d(): { e: number } {",
    "    return { e: 1 };",
    "  }",
    "}",
    "const f = async () => {",
    "  for (const g of h) {",
    "  }",
    "};",
    "const i = {",
    "  j: 1,",
    "};",
  ];
  const found = functionsOf(scan("a.ts", text.join("\n")));
  const ranges = found.map(({ firstLine, lastLine }) => `${firstLine}-${lastLine}`);
  assert.equal(ranges, ["1-7", "9-11", "13-16"]);
});

test("lineAt() counts from 1 when given an index", () => {
  assert.equal([lineAt("a\nb", 0), lineAt("a\nb", 2)], [1, 2]);
});

test.run();
