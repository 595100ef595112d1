/**
 * A file that has a reason to break a rule says so in one comment: `// tidy: long file because …`.
 * test/tidy_test.ts prints all of them at every run. One that is not needed any longer is a
 * violation itself, and so is one of a kind that no rule knows.
 */
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

/** Exemptions that no rule reads: of an unknown kind, twice, or without a reason. */
export function badExemptions({ path, text }: Source): string[] {
  const comments = commentsOf(text);
  return comments.flatMap(({ line, kind }, index) => {
    const isKnown = EXEMPTION_KINDS.some((known) => known === kind);
    const isFirst = comments.findIndex((other) => other.kind === kind) === index;
    return isKnown && isFirst ? [] : [`${path}:${line}: is no exemption, or one too many`];
  });
}

function commentsOf(text: string): { line: number; kind: string; reason: string }[] {
  return [...text.matchAll(COMMENT)].map(({ 1: words = "", index }) => {
    const [, kind = "", reason = ""] = FORM.exec(words) ?? [];
    return { line: lineAt(text, index), kind, reason };
  });
}
