/** Which files are tests, and how long each may take. */
import { readdir, readFile } from "node:fs/promises";
import { join, relative, sep } from "node:path";
import { INTEGRATION_LIMIT_MS, UNIT_LIMIT_MS } from "./expected.ts";

/** A file of tests. */
export interface TestFile {
  /** From the root, with `/`. */
  readonly path: string;
  readonly limitMs: number;
}

/** How far down a file its own limit may stand. */
const LIMIT_LINES_MAX = 20;

/**
 * Finds `*_test.ts` anywhere in `folder` under `root`: those whose path contains one of `filters`,
 * if there are any. Folders named `fixtures` hold what tests use. Those that may take longest come
 * first.
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
    .filter((path) => filters.length === 0 || filters.some((filter) => path.includes(filter)));
  const files = await Promise.all(
    paths.map(async (path) => {
      return { path, limitMs: limitOf(path, await readFile(join(root, path), "utf8")) };
    }),
  );
  return files.toSorted((a, b) => b.limitMs - a.limitMs || (a.path < b.path ? -1 : 1));
}

/** The limit of a file: what its first lines say (`// limit: 240 s`), or what its folder says. */
export function limitOf(path: string, text: string): number {
  const head = text.split("\n", LIMIT_LINES_MAX).join("\n");
  const own = /^\/\/ limit: (\d{1,4}) s$/m.exec(head)?.[1];
  if (own !== undefined) return Number(own) * 1_000;
  return path.startsWith("test/integration/") ? INTEGRATION_LIMIT_MS : UNIT_LIMIT_MS;
}
