/**
 * What the compiler, the linter and knip do not know of the house style (CONTRIBUTING.md): comments,
 * errors, help, and what pages say. Each rule also finds what is planted for it.
 */
import { readFile, readdir } from "node:fs/promises";
import { posix } from "node:path";
import { test } from "uvu";
import * as assert from "uvu/assert";
import { COMMANDS } from "../../commands/mod.ts";

interface File {
  readonly path: string;
  readonly text: string;
}

const FIXTURES = "test/runner/fixtures/";
const FOLDERS = [".", "src", "commands", "test", "bench", "tools", "proto", "docs", ".ci", "bin"];
const paths = (await Promise.all(FOLDERS.map(filesIn))).flat();
const shipped = await readAll(/^(?:src|commands)\/.*\.ts$/);
const pages = await readAll(/\.md$/);

test("exports have a doc comment, and files of src/ open with one", () => {
  expectRule(shipped, undocumented, [
    { path: "src/a.ts", text: "export function a() {}" },
    { path: "src/a.ts", text: "/** A file. */\n\nexport function a() {}" },
    { path: "src/a.ts", text: 'import "b";\n/** B. */\nexport const b = 1;' },
  ]);
});

test("errors say what cannot be done, without a full stop", () => {
  expectRule(shipped, badErrors, [
    { path: "src/a.ts", text: 'throw new LikesError("usage", "Bad port");' },
    { path: "src/a.ts", text: 'const text = "Cannot open.";' },
    { path: "src/a.ts", text: 'const text = "Cannot Open";' },
  ]);
});

test("commands have help in lower case, and an example", () => {
  for (const [name, { summary, examples, flags, args }] of Object.entries(COMMANDS)) {
    assert.ok((examples ?? []).length > 0, `${name} has an example`);
    const inputs = Object.entries({ ...flags, ...args });
    const helps = inputs.map(([input, of]) => [input, of.summary ?? of.description] as const);
    for (const [input, help = ""] of [...helps, [name, summary] as const]) {
      assert.match(input, /^[a-z][a-z0-9]*(?:-[a-z0-9]+)*$/, name);
      assert.match(help, /^(?![A-Z][a-z]).*[^.]$/, `${name}: ${input}: ${help}`);
    }
  }
});

test("links and paths in pages lead to what is there", () => {
  expectRule(pages, deadLinks, [
    { path: "docs/a.md", text: "[a](README.md)" },
    { path: "docs/a.md", text: "`src/core/nothing.ts`" },
  ]);
});

test("environment variables that are read are told on a page", () => {
  const told = pages.map(({ text }) => text).join("\n");
  const read = shipped.flatMap(({ text }) => [...text.matchAll(/\bprocess\.env\["(\w+)"\]/g)]);
  assert.ok(read.length > 0);
  for (const [, name = ""] of read) assert.ok(told.includes(name), `${name} is told on no page`);
});

test("files name no folder of one machine", async () => {
  const texts = await readAll(/(?:\.(?:ts|json|jsonc|md|proto|ya?ml|js)|\/run|LICENSE|ignore)$/);
  const folder = (name: string) => ({ path: "a.md", text: `cd /${name}/someone` });
  expectRule(texts, machinePaths, ["home", "root", "Users", "work"].map(folder));
});

function undocumented({ path, text }: File): string[] {
  const lines = text.split("\n");
  const isOpened = !path.startsWith("src/") || /^(?:#!.*\n)?\/\*\*/.test(text);
  const bare = lines.flatMap((line, index) => {
    const declared = /^export (?:async |abstract |declare )*(?:function|class|interface)\*? \w+/;
    const above = lines[index - 1] ?? "";
    // Several signatures, and one body, share a comment.
    return !declared.test(line) || above.endsWith("*/") || above.startsWith("export ") ? [] : line;
  });
  return [...(isOpened ? [] : [`${path} does not say what it is`]), ...bare];
}

function badErrors({ text }: File): string[] {
  const messages = [...text.matchAll(/\bnew LikesError\(\s*"\w+",\s*(["`])(.*?)\1/g)];
  const openings = messages.filter(([, , message = ""]) => !/^(?:Cannot |\$\{)/.test(message));
  const cannot = [...text.matchAll(/(["`])(Cannot\b[^"`]*)\1/g)].filter(([, , message = ""]) => {
    return !/^Cannot (?:[a-z$]|$)/.test(message) || /[.!]$/.test(message);
  });
  return [...openings, ...cannot].map(([found]) => found);
}

function deadLinks({ path, text }: File): string[] {
  const exists = (to: string): boolean => paths.some((one) => `${one}/`.startsWith(`${to}/`));
  const links = [...text.matchAll(/\]\((?!https?:|mailto:|#)([^)\s#]+)(?:#[^)\s]*)?\)/g)];
  const named = [...text.matchAll(/`((?:src|commands|test|docs|proto|bench|tools)\/[\w./-]+)`/g)];
  const wanted = [
    ...links.map(([, to = ""]) => posix.join(posix.dirname(path), to)),
    ...named.map(([, to = ""]) => to),
  ];
  return wanted.map((to) => to.replace(/\/$/, "")).filter((to) => !exists(to));
}

function machinePaths({ text }: File): string[] {
  const homes = /(?<![\w.@~$})-])\/(?:home|Users|root|work)\/[\w.-]+/g;
  return [...text.matchAll(homes)].map(([found]) => found);
}

/** Holds every file to a rule, which has to find what is wrong in each of `planted`. */
function expectRule(
  files: readonly File[],
  rule: (file: File) => readonly string[],
  planted: readonly File[],
): void {
  for (const file of planted) assert.ok(rule(file).length > 0, file.text);
  assert.ok(files.length > 10);
  const found = files.flatMap((file) => rule(file).map((what) => `${file.path}: ${what}`));
  for (const line of found) console.log(line);
  assert.is(found.length, 0, "named above");
}

/** The files of a folder and all below it; of the root, its own. */
async function filesIn(folder: string): Promise<string[]> {
  const entries = await readdir(folder, { recursive: folder !== ".", withFileTypes: true });
  const files = entries.filter((entry) => entry.isFile());
  const found = files.map((entry) => posix.join(entry.parentPath, entry.name));
  return found.filter((path) => !path.startsWith(FIXTURES) && !path.startsWith("src/rpc/gen/"));
}

async function readAll(pattern: RegExp): Promise<File[]> {
  const wanted = paths.filter((path) => pattern.test(path));
  return Promise.all(wanted.map(async (path) => ({ path, text: await readFile(path, "utf8") })));
}

test.run();
