/** Rules that hold for one file at a time. Each gives `path:line: what` lines. */
import { lineAt } from "./source_scan.ts";
import type { Source } from "./source_scan.ts";

interface Ban {
  readonly pattern: RegExp;
  readonly what: string;
  /** Files that it holds for; all when absent. */
  readonly where?: (path: string) => boolean;
}

/** What code may not hold. Comments and strings are not looked at. */
const BANS: readonly Ban[] = [
  { pattern: /(?<![.\w$])any\b(?!\s*\()/g, what: "any: say the type, or unknown" },
  { pattern: /^\s*(?:export )?(?:declare )?(?:const )?enum \w/gm, what: "enum: use literals" },
  { pattern: /^\s*(?:export )?(?:declare )?namespace \w/gm, what: "namespace: use a file" },
  { pattern: /^\s*(?:static )?(?:private|public) /gm, what: "private: use #name" },
  { pattern: /^\s*export default\b/gm, what: "default export: give it a name" },
  {
    pattern:
      /^(?:export )?const \w+(?:: .*)? = (?:async )?(?:<.*>)?(?:\([^()]*\)|\w+)(?:: .*)? =>/gm,
    what: "arrow at top level: use function",
  },
  {
    pattern: /\bconstructor\([^)]*\b(?:readonly|private|protected|public)\s/g,
    what: "parameter property: declare the field",
  },
  {
    pattern: /(?<![.\w$])(?:console\.|process\.(?:stdout|stderr)\b)/g,
    what: "prints: only commands and src/main.ts do",
    where: (path) => path.startsWith("src/") && path !== "src/main.ts",
  },
  {
    pattern: /\.(?:only|before|after|before\.each|after\.each)\(/g,
    what: "only() or a hook: uvu passes when a hook throws",
    where: isTest,
  },
];

/** What code may not hold, and where it does. */
export function bannedCode({ path, code }: Source): string[] {
  const bans = BANS.filter(({ where }) => where?.(path) !== false);
  return bans.flatMap(({ pattern, what }) =>
    [...code.matchAll(pattern)].map(({ 0: text, index }) => {
      const start = index + text.length - text.trimStart().length;
      return `${path}:${lineAt(code, start)}: ${what}`;
    }),
  );
}

/** Errors that are thrown away without a word beside it or above it that says why. */
export function swallowed({ path, text, code, uncommented }: Source): string[] {
  const texts = text.split("\n");
  const uncommentedLines = uncommented.split("\n");
  const hasComment = (index: number): boolean => texts[index] !== uncommentedLines[index];
  const dropped = /\.catch\(\s*\(\w*\) => (?:\{\s*\}|undefined|null)\s*,?\s*\)/g;
  return [...code.matchAll(dropped)].flatMap(({ index }) => {
    const line = lineAt(code, index);
    if (hasComment(line - 1) || hasComment(line - 2)) return [];
    return [`${path}:${line}: throws an error away: say why that is right`];
  });
}

/** Files of src/ that do not open with what they are. */
export function unopened({ path, text }: Source): string[] {
  if (!path.startsWith("src/") || /^(?:#!.*\n)?\/\*\*/.test(text)) return [];
  return [`${path}: does not open with a comment that says what it is`];
}

/** Marks of work that is not done. The pattern is written so that it does not find itself. */
export function unfinished({ path, text }: Source): string[] {
  return [...text.matchAll(/\b(?:FIX[M]E|TO[D]O|X[X]X)\b/g)].map(({ 0: mark, index }) => {
    return `${path}:${lineAt(text, index)}: ${mark}: do it, or write an issue`;
  });
}

const EXPORT =
  /^export (?:async |abstract |declare )*(function|class|const|interface|type)\*? (\w+)/;

/** What ships exports nothing without a doc comment directly above. Constants in a row may share. */
export function undocumented({ path, text }: Source): string[] {
  if (!ships(path)) return [];
  const lines = text.split("\n");
  return lines.flatMap((line, index) => {
    const [, kind = "", name = ""] = EXPORT.exec(line) ?? [];
    if (name === "" || isDocEnd(lines, index - 1)) return [];
    const [, kindAbove = "", nameAbove = ""] = EXPORT.exec(lines[index - 1] ?? "") ?? [];
    const shares = kind === kindAbove && (kind === "const" || kind === "type");
    return shares || nameAbove === name ? [] : [`${path}:${index + 1}: ${name} has no doc comment`];
  });
}

/** Whether a doc comment, and not another comment, ends on the line. */
function isDocEnd(lines: readonly string[], index: number): boolean {
  if (!(lines[index] ?? "").endsWith("*/")) return false;
  for (let at = index; at >= 0; at--) {
    const line = (lines[at] ?? "").trim();
    if (line.startsWith("/*")) return line.startsWith("/**");
  }
  return false;
}

/** A test file that never runs its tests passes in silence. */
export function withoutRun({ path, code }: Source): string[] {
  return isTest(path) && !code.includes(".run()") ? [`${path}: does not call .run()`] : [];
}

/** Paths of the machine on which a text was written: they hold nowhere else. */
export function machinePaths(path: string, text: string): string[] {
  const homes = /(?<![\w.@~$})-])\/(?:home|Users|root|work)\/[\w.-]/g;
  return [...text.matchAll(homes)].map(({ index }) => {
    return `${path}:${lineAt(text, index)}: names a folder of one machine`;
  });
}

function isTest(path: string): boolean {
  return path.endsWith("_test.ts");
}

function ships(path: string): boolean {
  return path.startsWith("src/") || path.startsWith("commands/");
}
