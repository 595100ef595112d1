/**
 * The branches that nothing covers, against the committed list of them. The list gives a reason for
 * each, so what is not covered is known and wanted, and what is listed and covered now leaves the list.
 */
import type { Branch } from "./branches.ts";

/** A branch that nothing covers, and why that is so. */
interface Uncovered {
  /** The line on which it begins. */
  readonly at: string;
  readonly text: string;
  readonly reason: string;
}

/** The list, by file. What is there twice is listed twice. */
export type UncoveredList = Readonly<Record<string, readonly Uncovered[]>>;

const WRITE = "npm run coverage -- --write, and give the reason";

/** What is wrong with the branches, by the list. */
export function problemsOf(branches: readonly Branch[], list: UncoveredList): readonly string[] {
  const left = flat(list);
  const isNew = branches.filter((one) => !one.isCovered && take(left, one) === undefined);
  const unexplained = flat(list).filter(({ reason }) => reason.trim() === "");
  return [
    ...isNew.map((one) => `${nameOf(one)} is not covered; add a test, or ${WRITE}`),
    ...left.map((one) => `${nameOf(one)} is listed, and is covered or gone; ${WRITE}`),
    ...unexplained.map((one) => `${nameOf(one)} is listed without a reason`),
  ];
}

/** The list of what is not covered now, with the reasons that `list` gives. */
export function listOf(branches: readonly Branch[], list: UncoveredList): UncoveredList {
  const left = flat(list);
  const next: Record<string, Uncovered[]> = {};
  for (const branch of branches.filter(({ isCovered }) => !isCovered)) {
    const { file, at, text } = branch;
    (next[file] ??= []).push({ at, text, reason: take(left, branch)?.reason ?? "" });
  }
  return next;
}

/** `src/core: 120 of 123 branches (97.6 %)`. */
export function figureOf(branches: readonly Branch[], folder: string): string {
  const inside = branches.filter(({ file }) => file.startsWith(`${folder}/`));
  const covered = inside.filter(({ isCovered }) => isCovered).length;
  const percent = ((100 * covered) / Math.max(inside.length, 1)).toFixed(1);
  return `${folder}: ${covered} of ${inside.length} branches (${percent} %)`;
}

/** Comments that would make a tool leave out what follows them; here they are not allowed. */
export function ignoreComments(file: string, text: string): readonly string[] {
  return [...text.matchAll(/(?:c8|v8|istanbul|node:coverage)\s+(?:ignore|disable)/g)].map(
    ([comment]) => `${file} says ${JSON.stringify(comment)}: it is uncovered, and has to be listed`,
  );
}

interface Listed extends Uncovered {
  readonly file: string;
}

/** Takes the entry of a branch out of `left`, if it has one. */
function take(left: Listed[], { file, at, text }: Branch): Listed | undefined {
  const index = left.findIndex((one) => one.file === file && one.at === at && one.text === text);
  return index === -1 ? undefined : left.splice(index, 1)[0];
}

function flat(list: UncoveredList): Listed[] {
  return Object.entries(list).flatMap(([file, all]) => all.map((one) => ({ file, ...one })));
}

function nameOf({ file, at, text }: Omit<Branch, "isCovered">): string {
  return `${file}, at ${JSON.stringify(at)}: ${JSON.stringify(text)}`;
}
