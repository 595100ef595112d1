/**
 * Holds what a machine can hold of the house style (CONTRIBUTING.md), on the whole source. The
 * rules and their own tests are in test/runner/.
 */
import { readdir, readFile } from "node:fs/promises";
import { join } from "node:path";
import { test } from "uvu";
import * as assert from "uvu/assert";
import { scan } from "./runner/source_scan.ts";
import type { Source } from "./runner/source_scan.ts";
import { impurities, importCycles, layerViolations } from "./runner/tidy_layers.ts";
import * as rules from "./runner/tidy_rules.ts";

const TOP = ["src", "commands", "test", "bench", "tools"];
/** What nobody writes by hand, and what git does not keep. */
const SKIPPED = /^(?:\.git|dist|coverage|src\/rpc\/gen|.*\bnode_modules)$/;
/** Files that are broken on purpose, and those that a tool writes. */
const FIXTURES = "test/runner/fixtures/";
const TEXT = /(?:\.(?:ts|json|jsonc|md|proto|yaml|yml|js|html)|\/run|LICENSE|ignore)$/;

const paths = await listFiles("");
const sources = await readSources();

test("tidy finds the source when it looks for it", () => {
  for (const path of ["src/assert.ts", "src/core/messages.ts", "test/tidy_test.ts"]) {
    assert.ok(
      sources.some((source) => source.path === path),
      path,
    );
  }
});

test("imports point one way when a file imports another", () => {
  expectNone(sources.flatMap(layerViolations));
});

test("imports have no cycles when types are included", () => {
  expectNone(importCycles(sources));
});

test("src/core is pure when it is scanned for clocks, randomness and the process", () => {
  expectNone(sources.flatMap(impurities));
});

test("code holds nothing that is banned when it is scanned", () => {
  expectNone(sources.flatMap(rules.bannedCode));
});

test("files hold no unfinished work when they are scanned", () => {
  expectNone(sources.flatMap(rules.unfinished));
});

test("lines are at most about 100 columns wide when they hold no URL", () => {
  expectNone(sources.flatMap(rules.longLines));
});

test("files and functions are short when they do not say why not", () => {
  const verdicts = sources.flatMap((source) => [
    rules.fileLength(source),
    rules.functionLengths(source),
  ]);
  for (const exemption of verdicts.flatMap(({ exemptions }) => exemptions)) {
    console.log(`exempt: ${exemption}`);
  }
  expectNone(verdicts.flatMap(({ violations }) => violations));
});

test("exports of src/ have a doc comment when they are functions, classes or constants", () => {
  expectNone(sources.flatMap(rules.undocumented));
});

test("test files call .run() when they hold tests", () => {
  expectNone(sources.flatMap(rules.withoutRun));
});

test("files are named after what they hold when they are source", () => {
  expectNone(sources.flatMap(({ path }) => rules.misnamed(path)));
});

test("files name no folder of one machine when they are text", async () => {
  const texts = paths.filter((path) => TEXT.test(path));
  const found = texts.map(async (path) => rules.machinePaths(path, await readFile(path, "utf8")));
  expectNone((await Promise.all(found)).flat());
});

/** Every file of the repository that git keeps. */
async function listFiles(folder: string): Promise<string[]> {
  const found: string[] = [];
  for (const entry of await readdir(folder === "" ? "." : folder, { withFileTypes: true })) {
    const path = join(folder, entry.name);
    if (SKIPPED.test(path)) continue;
    found.push(...(entry.isDirectory() ? await listFiles(path) : [path]));
  }
  return found.toSorted();
}

async function readSources(): Promise<Source[]> {
  const wanted = paths.filter((path) => {
    return path.endsWith(".ts") && TOP.includes(path.split("/", 1)[0] ?? "");
  });
  const kept = wanted.filter((path) => !path.startsWith(FIXTURES));
  return Promise.all(kept.map(async (path) => scan(path, await readFile(path, "utf8"))));
}

function expectNone(violations: readonly string[]): void {
  // Not in the message of the assertion: uvu prints that twice.
  for (const violation of violations) console.log(violation);
  assert.is(violations.length, 0, `${violations.length} violations, named above`);
}

test.run();
