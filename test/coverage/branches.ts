/**
 * The branches of source files, from V8's counts.
 *
 * Tests run on TypeScript through tsx, which gives V8 the map back to the source with each file, and c8
 * maps what V8 counted by it. Compiling everything first was tried in thought and left: tests start
 * programs beside them by their TypeScript name. A branch is told by its text and not by its line, so
 * that an edit elsewhere in the file does not touch it.
 */
import { relative, sep } from "node:path";

/** A branch, or a function, of a file. */
export interface Branch {
  /** From the root, with `/`. */
  readonly file: string;
  /** The line on which it begins. */
  readonly at: string;
  /** Its source, on one line, cut to BRANCH_TEXT_MAX characters. */
  readonly text: string;
  readonly isCovered: boolean;
}

/** What c8 writes of one file: istanbul's form, as far as it is used here. */
export interface FileCoverage {
  readonly path: string;
  readonly branchMap: Readonly<Record<string, { readonly loc: Range }>>;
  readonly b: Readonly<Record<string, readonly number[]>>;
  readonly fnMap: Readonly<Record<string, { readonly loc: Range }>>;
  readonly f: Readonly<Record<string, number>>;
}

interface Range {
  readonly start: Place;
  readonly end: Place;
}

/** Lines count from 1, columns from 0. */
interface Place {
  readonly line: number;
  readonly column: number;
}

/** Longer texts of branches are cut: what follows does not make them clearer. */
export const BRANCH_TEXT_MAX = 120;
/** Stands for all of a file that nothing loads. */
export const WHOLE_FILE = "(the whole file)";

/** The branches of a file whose source is `text`, and its functions that were never called. */
export function branchesOf(coverage: FileCoverage, text: string, root: string): Branch[] {
  const file = relative(root, coverage.path).replaceAll(sep, "/");
  const lines = text.split("\n");
  const branches = Object.entries(coverage.branchMap).map(([id, { loc }]) => {
    return { file, ...textsAt(lines, loc), isCovered: (coverage.b[id]?.[0] ?? 0) > 0 };
  });
  const uncalled = Object.entries(coverage.fnMap).flatMap(([id, { loc }]) => {
    const isCalled = (coverage.f[id] ?? 0) > 0;
    return isCalled ? [] : [{ file, ...textsAt(lines, loc), isCovered: false }];
  });
  // A function that is never called may be told as a branch of its file too.
  const told = new Set(branches.filter(({ isCovered }) => !isCovered).map((one) => one.text));
  const all = [...branches, ...uncalled.filter((one) => !told.has(one.text))];
  return all.filter((one) => /[^\s{}();,]/.test(one.text));
}

function textsAt(lines: readonly string[], { start, end }: Range): Pick<Branch, "at" | "text"> {
  const inside = lines.slice(start.line - 1, end.line).map((line, index, { length }) => {
    const last = index === length - 1 ? end.column : undefined;
    return line.slice(index === 0 ? start.column : 0, last);
  });
  const text = inside.join(" ").replace(/\s+/g, " ").trim();
  const cut = text.length > BRANCH_TEXT_MAX ? `${text.slice(0, BRANCH_TEXT_MAX)}…` : text;
  return { at: (lines[start.line - 1] ?? "").trim(), text: cut };
}
