/**
 * What the compiler, the linter and knip do not know of the house style (CONTRIBUTING.md): errors,
 * help, and what pages say.
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

test("errors say what cannot be done, without a full stop", () => {
  expectRule(shipped, badErrors);
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

test("every environment variable that is read is documented on a page", () => {
  const told = pages.map(({ text }) => text).join("\n");
  const read = shipped.flatMap(({ text }) => [...text.matchAll(/\bprocess\.env\["(\w+)"\]/g)]);
  assert.ok(read.length > 0);
  for (const [, name = ""] of read)
    assert.ok(told.includes(name), `${name} is documented on no page`);
});

test("files name no folder of a particular machine", async () => {
  const texts = await readAll(/(?:\.(?:ts|json|jsonc|md|proto|ya?ml|js)|\/run|LICENSE|ignore)$/);
  expectRule(texts, machinePaths);
});

function badErrors({ text }: File): string[] {
  const messages = [...text.matchAll(/\bnew LikesError\(\s*"\w+",\s*(["`])(.*?)\1/g)];
  const openings = messages.filter(([, , message = ""]) => !/^(?:Cannot |\$\{)/.test(message));
  const cannot = [...text.matchAll(/(["`])(Cannot\b[^"`]*)\1/g)].filter(([, , message = ""]) => {
    return !/^Cannot (?:[a-z$]|$)/.test(message) || /[.!]$/.test(message);
  });
  return [...openings, ...cannot].map(([found]) => found);
}

function machinePaths({ text }: File): string[] {
  const homes = /(?<![\w.@~$})-])\/(?:home|Users|root|work)\/[\w.-]+/g;
  return [...text.matchAll(homes)].map(([found]) => found);
}

/** Checks every file against a rule. */
function expectRule(files: readonly File[], rule: (file: File) => readonly string[]): void {
  assert.ok(files.length > 10);
  assert.equal(
    files.flatMap((file) => rule(file).map((what) => `${file.path}: ${what}`)),
    [],
  );
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
