/** Rules of docs and STYLE that hold for one file at a time. Each gives `path:line: what` lines. */
import { functionsOf, lineAt } from "./source_scan.ts";
import type { Source } from "./source_scan.ts";

/** Prettier wraps code at 100; a last word of a comment may stand out. */
const COLUMNS_MAX = 104;
const FUNCTION_LINES_MAX = 70;
const FILE_LINES_MAX = 300;

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
  { pattern: /^\s*(?:private|public) /gm, what: "private: use #name" },
  { pattern: /^\s*export default\b/gm, what: "default export: give it a name" },
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

/** Marks of work that is not done. The pattern is written so that it does not find itself. */
export function unfinished({ path, text }: Source): string[] {
  return [...text.matchAll(/\b(?:FIX[M]E|TO[D]O|X[X]X)\b/g)].map(({ 0: mark, index }) => {
    return `${path}:${lineAt(text, index)}: ${mark}: do it, or write an issue`;
  });
}

/** Lines that are too long. One with a URL is as long as the URL makes it. */
export function longLines({ path, text }: Source): string[] {
  return text.split("\n").flatMap((line, index) => {
    const columns = Array.from(line).length;
    if (columns <= COLUMNS_MAX || /https?:\/\//.test(line)) return [];
    return [`${path}:${index + 1}: is ${columns} columns wide: at most ${COLUMNS_MAX}`];
  });
}

/** What a length rule says of a file: what is wrong, and what a comment exempts it from. */
export interface LengthVerdict {
  readonly violations: readonly string[];
  readonly exemptions: readonly string[];
}

/** Files that are too long, unless they say why: `// tidy: long file because …`. */
export function fileLength({ path, text }: Source): LengthVerdict {
  const lines = text.trimEnd().split("\n").length;
  const found = lines > FILE_LINES_MAX ? [`has ${lines} lines: at most ${FILE_LINES_MAX}`] : [];
  return exempt(path, text, "file", found);
}

/** Functions that are too long, unless the file says why: `// tidy: long function because …`. */
export function functionLengths(source: Source): LengthVerdict {
  const found = functionsOf(source)
    .map(({ header, firstLine, lastLine }) => ({ header, lines: lastLine - firstLine + 1 }))
    .filter(({ lines }) => lines > FUNCTION_LINES_MAX)
    .map(({ header, lines }) => {
      const name = header.split("\n", 1)[0] ?? "";
      return `has a function of ${lines} lines: at most ${FUNCTION_LINES_MAX}: ${name}`;
    });
  return exempt(source.path, source.text, "function", found);
}

function exempt(
  path: string,
  text: string,
  of: "file" | "function",
  found: readonly string[],
): LengthVerdict {
  const reason = new RegExp(`^ *// tidy: long ${of} because (\\S.*)$`, "m").exec(text)?.[1];
  if (reason === undefined) {
    return { violations: found.map((what) => `${path}: ${what}`), exemptions: [] };
  }
  if (found.length === 0) {
    return { violations: [`${path}: exempts itself as a long ${of}, and is not`], exemptions: [] };
  }
  return { violations: [], exemptions: [`${path}: long ${of} because ${reason}`] };
}

const EXPORT = /^export (?:async |abstract )*(function|class|const)\*? (\w+)/;

/** Exports of src/ without a doc comment directly above. Constants in a row may share it. */
export function undocumented({ path, text }: Source): string[] {
  if (!path.startsWith("src/")) return [];
  const lines = text.split("\n");
  return lines.flatMap((line, index) => {
    const [, kind = "", name = ""] = EXPORT.exec(line) ?? [];
    const above = lines[index - 1] ?? "";
    if (name === "" || isDocEnd(lines, index - 1)) return [];
    const [, kindAbove = "", nameAbove = ""] = EXPORT.exec(above) ?? [];
    if (kind === "const" ? kindAbove === "const" : nameAbove === name) return [];
    return [`${path}:${index + 1}: ${name} has no doc comment`];
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
  return isTest(path) && !/\.run\(\)/.test(code) ? [`${path}: does not call .run()`] : [];
}

/** Names that say nothing, and names that are not snake_case. */
export function misnamed(path: string): string[] {
  const parts = path.split("/");
  const name = parts.at(-1) ?? "";
  const found: string[] = [];
  if (name === "index.ts") found.push(`${path}: name the file after what it holds`);
  for (const folder of ["utils", "helpers", "common"]) {
    if (parts.includes(folder)) found.push(`${path}: ${folder} is a place for everything`);
  }
  if (!/^[a-z0-9_]+\.ts$/.test(name)) found.push(`${path}: file names are in snake_case`);
  return found;
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
