/**
 * Holds what a machine can hold of the house style (CONTRIBUTING.md), on the whole source. The
 * rules are in test/runner/, each with a test in which it finds what is planted. The compiler and
 * oxlint hold what they know; knip finds what nobody uses.
 *
 * Left to the reader, because a machine was wrong too often or cannot know:
 * - one state machine a role, the order of its effects, the smallest shape, one word for one thing;
 * - that a file is named after its main export: several functions are named after the whole;
 * - at most two arguments and then options: codecs and callbacks of libraries have their own shapes;
 * - numbers at a port in tests: most are read or printed, and nobody listens there;
 * - `when` in the name of a test, and the sentence that a comment owes.
 * Held elsewhere: bounds beside the register of src/limits.ts; what errors say, and their way out, by
 * check:docs; the manifest by check:manifest.
 */
// tidy: mirrors no file because it is about the whole source
import { readdir, readFile } from "node:fs/promises";
import { join } from "node:path";
import { test } from "uvu";
import * as assert from "uvu/assert";
import { COMMANDS } from "../commands/mod.ts";
import { badExemptions } from "./runner/exemptions.ts";
import type { Verdict } from "./runner/exemptions.ts";
import { scan } from "./runner/source_scan.ts";
import type { Source } from "./runner/source_scan.ts";
import * as documents from "./runner/tidy_documents.ts";
import { impurities, importCycles, layerViolations } from "./runner/tidy_layers.ts";
import * as lengths from "./runner/tidy_lengths.ts";
import * as mirror from "./runner/tidy_mirror.ts";
import { badNames, misnamed } from "./runner/tidy_names.ts";
import { looseCompiler, missingGates } from "./runner/tidy_project.ts";
import * as rules from "./runner/tidy_rules.ts";
import { badErrorTexts, badHelp } from "./runner/tidy_texts.ts";

const TOP = ["src", "commands", "test", "bench", "tools"];
/** What nobody writes by hand, and what git does not keep. */
const SKIPPED = /^(?:\.git|dist|coverage|src\/rpc\/gen|.*\bnode_modules)$/;
/** Files that are broken on purpose, and those that a tool writes. */
const FIXTURES = "test/runner/fixtures/";
const TEXT = /(?:\.(?:ts|json|jsonc|md|proto|yaml|yml|js|html)|\/run|LICENSE|ignore)$/;

const paths = await listFiles("");
const known = new Set(paths);
const sources = await readSources();
const protos = (await readAll(/\.proto$/)).map(({ path, text }) => scan(path, text));
const pages = await readAll(/\.md$/);

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
  expectNone(sources.flatMap(lengths.longLines));
});

test("files and functions are short when they do not say why not", () => {
  weigh((source) => [
    lengths.fileLength(source),
    lengths.functionLengths(source),
    lengths.runLength(source),
  ]);
});

test("tests and sources stand beside each other when they do not say why not", () => {
  weigh((source) => [mirror.mirrorsNothing(source, known), mirror.untested(source, known)]);
});

test("tests start no processes and do not sleep when they do not say why", () => {
  weigh((source) => [mirror.ownProcesses(source), mirror.sleeps(source)]);
});

test("exemptions are of a kind that a rule knows when a file has one", () => {
  expectNone(sources.flatMap((source) => badExemptions(source, known)));
});

test("tests are named after the symbol that they are about when they are unit tests", () => {
  const helped = sources.filter(({ path }) => !path.endsWith("_test.ts"));
  const words = new Set([...helped, ...protos].flatMap(mirror.wordsOf));
  for (const path of known) words.add(path);
  expectNone(sources.flatMap((source) => mirror.badTestNames(source, words)));
});

test("exports have a doc comment when they ship", () => {
  expectNone(sources.flatMap(rules.undocumented));
});

test("test files call .run() when they hold tests", () => {
  expectNone(sources.flatMap(rules.withoutRun));
});

test("files of src/ open with what they are when they are read from the top", () => {
  expectNone(sources.flatMap(rules.unopened));
});

test("errors are not thrown away when nobody says why that is right", () => {
  expectNone(sources.flatMap(rules.swallowed));
});

test("files are named after what they hold when they are source", () => {
  expectNone(sources.flatMap(({ path }) => misnamed(path)));
});

test("names have their unit and their bound last when they are declared", () => {
  expectNone(sources.flatMap(badNames));
});

test("errors say what cannot be done when they are told to people", () => {
  expectNone(sources.flatMap(badErrorTexts));
});

test("help is in lower case, with an example, when a command has it", () => {
  expectNone(Object.entries(COMMANDS).flatMap(([name, command]) => badHelp(name, command)));
});

test("tsconfig.json is strict when it is read", async () => {
  const { compilerOptions } = await readJson("tsconfig.json");
  expectNone(looseCompiler(compilerOptions ?? {}));
  // What is compiled for people inherits all of it.
  const { compilerOptions: own = {}, extends: base } = await readJson("tsconfig.build.json");
  assert.equal({ own, base }, { own: {}, base: "./tsconfig.json" });
});

test("package.json has every gate in check when it has the gate", async () => {
  expectNone(missingGates((await readJson("package.json")).scripts ?? {}));
});

test("CHANGELOG.md and docs/adr/ keep their form when they grow", async () => {
  expectNone(documents.badChangelog(await readFile("CHANGELOG.md", "utf8")));
  const decisions = pages.filter(({ path }) => path.startsWith("docs/adr/"));
  assert.ok(decisions.length >= 8, "the decisions are found");
  expectNone(documents.badDecisions(decisions));
});

test("pages lead to what is there when they name a file", () => {
  expectNone(pages.flatMap((page) => documents.deadLinks(page, known)));
});

test("environment variables are told when what ships reads them", () => {
  const shipped = sources.filter(({ path }) => /^(?:src|commands)\//.test(path));
  const told = pages.map(({ text }) => text).join("\n");
  const codes = shipped.map(({ uncommented }) => uncommented);
  expectNone(documents.untoldVariables(codes, told));
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

async function readAll(pattern: RegExp): Promise<{ path: string; text: string }[]> {
  const wanted = paths.filter((path) => pattern.test(path));
  return Promise.all(wanted.map(async (path) => ({ path, text: await readFile(path, "utf8") })));
}

interface ProjectFile {
  readonly compilerOptions?: Readonly<Record<string, unknown>>;
  readonly extends?: string;
  readonly scripts?: Readonly<Record<string, string>>;
}

async function readJson(path: string): Promise<ProjectFile> {
  return JSON.parse(await readFile(path, "utf8")) as ProjectFile;
}

/** Applies rules from which a file may exempt itself, and prints every exemption at every run. */
function weigh(rulesOf: (source: Source) => readonly Verdict[]): void {
  const verdicts = sources.flatMap(rulesOf);
  for (const exemption of verdicts.flatMap(({ exemptions }) => exemptions)) {
    console.log(`exempt: ${exemption}`);
  }
  expectNone(verdicts.flatMap(({ violations }) => violations));
}

function expectNone(violations: readonly string[]): void {
  // Not in the message of the assertion: uvu prints that twice.
  for (const violation of violations) console.log(violation);
  assert.is(violations.length, 0, `${violations.length} violations, named above`);
}

test.run();
