/** What a name tells: what a file holds, the unit and the bound last, acronyms as words. */
import { lineAt } from "./source_scan.ts";
import type { Source } from "./source_scan.ts";

interface NameRule {
  /** Its first group is the name. */
  readonly pattern: RegExp;
  readonly what: string;
}

const DECLARED = String.raw`\b(?:function|class|interface|type|const|let|get|set)\*? #?`;
const TIMES = "[Ii]nterval|[Tt]imeout|[Dd]elay|[Dd]uration|[Ww]ait|[Pp]ause";

/** Names that are declared here: what a library calls its own is the library's. */
const RULES: readonly NameRule[] = [
  {
    pattern: new RegExp(`${DECLARED}(\\w*[A-Z]{2,}[a-z]\\w*)\\b`, "g"),
    what: "acronyms are cased as words",
  },
  {
    pattern: new RegExp(`${DECLARED}([a-z]\\w*[A-Z]{2,})\\b`, "g"),
    what: "acronyms are cased as words",
  },
  {
    pattern: /\bconst ((?:MAX|MIN|DEFAULT)_\w+)\b/g,
    what: "the bound comes last",
  },
  {
    // minMs and maxMs, beside each other, hold nothing but a bound and its unit.
    pattern: /\b((?:max|min)(?!(?:Ms|Bytes)\b)[A-Z]\w*)(?:\??: (?:number|bigint)\b| = )/g,
    what: "the bound comes last",
  },
  {
    pattern: /\bconst (\w*_MS_[A-Z]\w*)\b(?= = [\d(])/g,
    what: "the unit comes last",
  },
  {
    pattern:
      /\bconst ((?:\w+_)?(?:INTERVAL|TIMEOUT|DELAY|DURATION|WAIT)(?:_MAX|_MIN|_DEFAULT)?) = \d/g,
    what: "a time has its unit in its name",
  },
  {
    pattern: new RegExp(`\\b((?:\\w*[a-z])?(?:${TIMES})(?:Max|Min)?)\\??: number\\b`, "g"),
    what: "a time has its unit in its name",
  },
];

/** Names without their unit, with the bound before it, or shouting. */
export function badNames({ path, code }: Source): string[] {
  return RULES.flatMap(({ pattern, what }) =>
    [...code.matchAll(pattern)].map(({ 1: name, index }) => {
      return `${path}:${lineAt(code, index)}: ${name}: ${what}`;
    }),
  );
}

/** Names that say nothing, and names that are not snake_case. */
export function misnamed(path: string): string[] {
  const parts = path.split("/");
  const name = parts.at(-1) ?? "";
  const found: string[] = [];
  if (name === "index.ts") found.push(`${path}: name the file after what it holds`);
  for (const folder of ["utils", "helpers", "common"]) {
    if (parts.includes(folder) || name === `${folder}.ts`) {
      found.push(`${path}: ${folder} is a place for everything`);
    }
  }
  if (!/^[a-z0-9_]+\.ts$/.test(name)) found.push(`${path}: file names are in snake_case`);
  return found;
}
