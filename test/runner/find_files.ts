/** Finds the test files, and decides which of them share a process. */
import { readdir, readFile } from "node:fs/promises";
import { dirname, join, relative, sep } from "node:path";

/** A test file. */
export interface TestFile {
  /** Path from the root, with `/`. */
  readonly path: string;
  /** Excluded from `npm test`, because the file says `// nightly because …`. */
  readonly isNightly: boolean;
  /**
   * Whether the file has a process of its own: it says `// alone because …`, or its folder does.
   */
  readonly isAlone: boolean;
  /** Whether the file does more in `npm run nightly`. */
  readonly hasExtent: boolean;
}

/** Files that run in one process, one after another. */
export interface TestRun {
  /** The path of the only file, or the folder of several. */
  readonly name: string;
  readonly paths: readonly string[];
}

/** Lines at the start of a file in which a marker counts. */
const HEAD_LINES_MAX = 20;
const NIGHTLY = /^\/\/ nightly because \S/m;
const EXTENT = /^import .*\/fixtures\/extent\.ts";$/m;
/** Folders whose files start processes or measure memory. Each of their files runs alone. */
const ALONE_FOLDERS = /^test\/(?:integration|leaks|simulator)\//;
const ALONE = /^\/\/ alone because \S/m;

/**
 * Finds `*_test.ts` anywhere in `folder` under `root`: those whose path contains one of `filters`,
 * if there are any. Folders named `fixtures` hold what tests use.
 */
export async function findFiles(
  root: string,
  folder: string,
  filters: readonly string[],
): Promise<TestFile[]> {
  const entries = await readdir(join(root, folder), { recursive: true, withFileTypes: true });
  const paths = entries
    .filter((entry) => entry.isFile() && entry.name.endsWith("_test.ts"))
    .map((entry) => relative(root, join(entry.parentPath, entry.name)).replaceAll(sep, "/"))
    .filter((path) => !path.slice(folder.length).includes("/fixtures/"))
    .filter((path) => filters.length === 0 || filters.some((filter) => path.includes(filter)))
    .toSorted();
  return Promise.all(
    paths.map(async (path) => fileOf(path, await readFile(join(root, path), "utf8"))),
  );
}

/** Describes a file by its text. */
export function fileOf(path: string, text: string): TestFile {
  const head = text.split("\n", HEAD_LINES_MAX).join("\n");
  const isAlone = ALONE_FOLDERS.test(path) || ALONE.test(head);
  return { path, isNightly: NIGHTLY.test(head), isAlone, hasExtent: EXTENT.test(text) };
}

/**
 * Puts unit tests of one folder into one process, since a process costs more than their tests.
 * These come first: some take longest, and short runs at the end keep all cores busy.
 */
export function runsOf(files: readonly TestFile[]): TestRun[] {
  const alone = files.filter(({ isAlone }) => isAlone);
  const folders = new Map<string, string[]>();
  for (const { path } of files.filter(({ isAlone }) => !isAlone)) {
    const folder = dirname(path);
    folders.set(folder, [...(folders.get(folder) ?? []), path]);
  }
  const shared = [...folders].map(([folder, paths]) => {
    return { name: paths.length === 1 ? (paths[0] ?? folder) : folder, paths };
  });
  return [...shared, ...alone.map(({ path }) => ({ name: path, paths: [path] }))];
}
