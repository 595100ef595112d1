/** Where tests stand and what they are called, and which source has none. */
import { weigh } from "./exemptions.ts";
import type { Verdict } from "./exemptions.ts";
import { functionsOf, lineAt } from "./source_scan.ts";
import type { Source } from "./source_scan.ts";

/** Longer source has a test file of its own. */
const UNTESTED_LINES_MAX = 120;
/** Several processes, and no one file, are what is tested here. */
const WHOLE = "test/integration/";
const TITLE = /\btest\(\s*(["'`])((?:\\.|(?!\1)[^\\])*)\1/g;

/** Test files that stand beside no file of their name: `test/core/backoff_test.ts`. */
export function mirrorsNothing(source: Source, paths: ReadonlySet<string>): Verdict {
  const { path } = source;
  const isFree = !isTest(path) || path.startsWith(WHOLE);
  const found = isFree || mirrored(path, paths) !== undefined ? [] : ["mirrors no file"];
  return weigh(source, "mirrors no file", found);
}

/** Source that holds functions and is long, and that no test file mirrors. */
export function untested(source: Source, paths: ReadonlySet<string>): Verdict {
  const { path } = source;
  const lines = source.text.trimEnd().split("\n").length;
  const wantsTest = path.startsWith("src/") && functionsOf(source).length > 0;
  const has = [...paths].some((other) => isTest(other) && mirrored(other, paths) === path);
  const isLong = wantsTest && !has && lines > UNTESTED_LINES_MAX;
  return weigh(source, "no test", isLong ? [`has ${lines} lines and no test file`] : []);
}

/** The source of a test: that of its name, or of the words with which its name begins. */
function mirrored(path: string, paths: ReadonlySet<string>): string | undefined {
  const inside = path.slice("test/".length, -"_test.ts".length);
  const words = inside.split("_");
  for (let count = words.length; count > 0; count--) {
    const name = `${words.slice(0, count).join("_")}.ts`;
    const found = [`src/${name}`, name, `test/${name}`].find((one) => paths.has(one));
    if (found !== undefined) return found;
  }
  const hidden = inside.replace(/(\w+)$/, "_$1.ts");
  return paths.has(hidden) ? hidden : undefined;
}

/**
 * Names of tests that say too little: a unit test begins with the symbol that it is about, which has
 * to exist, or with a file; no two of a file are called the same. `words` holds the words of the
 * source and the paths of the files.
 */
export function badTestNames(source: Source, words: ReadonlySet<string>): string[] {
  const { path, code, uncommented } = source;
  if (!isTest(path)) return [];
  const titles = [...uncommented.matchAll(TITLE)].filter(({ index }) => code.charAt(index) !== " ");
  return titles.flatMap(({ 2: title = "", index }, at) => {
    const where = `${path}:${lineAt(uncommented, index)}: "${title}"`;
    if (titles.findIndex(([, , other]) => other === title) < at)
      return [`${where}: is there twice`];
    if (/[.!]$/.test(title)) return [`${where}: is no sentence with a full stop`];
    if (!/\S \S+ \S/.test(title)) return [`${where}: does not say what happens, and when`];
    const [first = ""] = title.split(" ", 1);
    const isSymbol = first.startsWith("${") || words.has(first.split(/\W/, 1)[0] ?? "");
    if (isUnit(path) && !isSymbol && !words.has(first))
      return [`${where}: does not begin with a symbol of the source`];
    return [];
  });
}

/** The words of a source that a test can be about: not those of comments and texts. */
export function wordsOf({ code }: Source): string[] {
  return code.match(/\b[A-Za-z]\w+\b/g) ?? [];
}

/** What a unit test waits for by the clock of the wall. */
export function sleeps(source: Source): Verdict {
  const { path, code } = source;
  const found =
    isTest(path) && isUnit(path)
      ? [...code.matchAll(/\b(?:setTimeout|setInterval|pause|sleep|delay)\(/g)]
      : [];
  return weigh(
    source,
    "sleep",
    found.map(({ index }) => `line ${lineAt(code, index)} sleeps`),
  );
}

/** Roles are started through the fixtures, which leave none behind when a test is killed. */
export function ownProcesses(source: Source): Verdict {
  const { path, uncommented } = source;
  const mayStart = !/^(?:test|bench)\//.test(path) || /^test\/(?:fixtures|runner)\//.test(path);
  // What waits for the end of its process by itself leaves none: spawnSync, execFileSync.
  const starts =
    /^import \{[^}]*\b(?:spawn|fork|exec|execFile)\b[^}]*\} from "node:child_process"/m;
  return weigh(
    source,
    "own processes",
    !mayStart && starts.test(uncommented) ? ["starts processes by itself"] : [],
  );
}

function isTest(path: string): boolean {
  return path.startsWith("test/") && path.endsWith("_test.ts");
}

function isUnit(path: string): boolean {
  return !path.startsWith(WHOLE) && !path.startsWith("test/leaks/") && path !== "test/tidy_test.ts";
}
