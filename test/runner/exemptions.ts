/**
 * A file that has a reason to break a rule says so in one comment: `// tidy: long file because …`.
 * test/tidy_test.ts prints all of them at every run. One that is not needed any longer is a
 * violation itself, and so is one of a kind that no rule knows, or one whose reason names a file that
 * is not there.
 */
import { posix } from "node:path";
import { lineAt } from "./source_scan.ts";
import type { Source } from "./source_scan.ts";

/** What a file may exempt itself from. */
export const EXEMPTION_KINDS = [
  "long file",
  "long function",
  "long run",
  "no test",
  "mirrors no file",
  "own processes",
  "sleep",
] as const;

type ExemptionKind = (typeof EXEMPTION_KINDS)[number];

/** What a rule says of a file: what is wrong, or what a comment exempts it from. */
export interface Verdict {
  readonly violations: readonly string[];
  readonly exemptions: readonly string[];
}

const COMMENT = /^ *\/\/ tidy: (.*)$/gm;
const FORM = /^(.+?) because (\S.*)$/;
/** A source file in a reason: by its path, or by its name alone. */
const FILE = /[\w./-]+\.ts\b/g;

/** Weighs what a rule found in a file against the file's own comment. */
export function weigh(
  { path, text }: Source,
  of: ExemptionKind,
  found: readonly string[],
): Verdict {
  const reason = commentsOf(text).find(({ kind }) => kind === of)?.reason;
  if (reason === undefined) {
    return { violations: found.map((what) => `${path}: ${what}`), exemptions: [] };
  }
  if (found.length === 0) {
    return { violations: [`${path}: exempts itself: ${of}: without need`], exemptions: [] };
  }
  return { violations: [], exemptions: [`${path}: ${of} because ${reason}`] };
}

/**
 * Exemptions that no rule reads: of an unknown kind, twice, or without a reason. And those whose reason
 * names a source file of which there is none in `paths`, in any folder: it stood there once.
 */
export function badExemptions({ path, text }: Source, paths: ReadonlySet<string>): string[] {
  const names = new Set([...paths].map((one) => posix.basename(one)));
  const comments = commentsOf(text);
  return comments.flatMap(({ line, kind, reason }, index) => {
    const isKnown = EXEMPTION_KINDS.some((known) => known === kind);
    const isFirst = comments.findIndex((other) => other.kind === kind) === index;
    const gone = [...reason.matchAll(FILE)].filter(([named]) => {
      return !(named.includes("/") ? paths : names).has(named);
    });
    return [
      ...(isKnown && isFirst ? [] : [`${path}:${line}: is no exemption, or one too many`]),
      ...gone.map(([named]) => `${path}:${line}: its reason names ${named}, which is not there`),
    ];
  });
}

function commentsOf(text: string): { line: number; kind: string; reason: string }[] {
  return [...text.matchAll(COMMENT)].map(({ 1: words = "", index }) => {
    const [, kind = "", reason = ""] = FORM.exec(words) ?? [];
    return { line: lineAt(text, index), kind, reason };
  });
}
