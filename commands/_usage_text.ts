/**
 * What a person typed wrong, in the words of every other error. oclif finds it and tells it in texts
 * of its own; those that can be met are known here, and any other one keeps its words behind ours.
 */
import { escapeText, fitText, quote } from "../src/text/escape.ts";
import { suggestionFor } from "../src/text/nearest.ts";

/** What oclif writes before the reason for which the value of a flag is refused. */
const REFUSED_VALUE = /^Parsing (--[\w-]+)\s+/;
/** What oclif adds for a person who types. */
const HELP_NOISE = /\s*\nSee more help with --help$/;
/** Columns of the flags that one error names. */
const FLAGS_COLUMNS_MAX = 100;
const HEADLINE = /^The following errors? occurred:\s+/;

/** A flag of a command, as oclif knows it. */
interface KnownFlag {
  readonly type: "boolean" | "option";
  readonly char?: string | undefined;
}

type Rewrite = (found: readonly string[], command: string) => string;

/** oclif's texts with what becomes of each. */
const KNOWN: readonly (readonly [pattern: RegExp, rewrite: Rewrite])[] = [
  [
    /^Unexpected arguments?: (.*)$/,
    ([, words = ""], command) =>
      `Cannot use ${quote(words)}: ${command} takes no such argument; see ${command} --help`,
  ],
  [
    /^Missing \d+ required args?: (\S+)/,
    ([, name = ""], command) =>
      `Cannot run ${command}: the ${name} is missing; see ${command} --help`,
  ],
  [
    /^(?:Flag )?(--[\w-]+) expects a value$/,
    ([, flag = ""], command) => `Cannot use ${flag}: its value is missing; see ${command} --help`,
  ],
  [
    /^(--[\w-]+)=.* cannot also be provided when using (--[\w-]+)$/,
    ([, one = "", other = ""]) => `Cannot use ${one} with ${other}: give only one of them`,
  ],
  [
    /^Expected (--[\w-]+)=(.*) to be one of: (.*)$/,
    ([, flag = "", value = "", options = ""]) =>
      `Cannot use ${flag} ${quote(value)}: give one of ${options}`,
  ],
  [
    /^Expected (.*) to be one of: (.*)$/,
    ([, value = "", options = ""]) => `Cannot use ${quote(value)}: give one of ${options}`,
  ],
  [
    /^(?:Flag )?(--[\w-]+) can only be specified once$/,
    ([, flag = ""]) => `Cannot use ${flag} twice: give it once`,
  ],
];

/** Whether `found` is of a flag whose value was refused, by oclif or by us. */
export function isRefusedValue(found: string): boolean {
  return REFUSED_VALUE.test(found);
}

/**
 * Returns what is wrong with the flags of `argv`, for `command` with the flags `known`; undefined when
 * each is one of them. oclif looks at them last, when the value of a misspelt one may have been refused
 * as an argument.
 */
export function unknownFlagsText(
  argv: readonly string[],
  known: Readonly<Record<string, KnownFlag>>,
  command: string,
): string | undefined {
  const unknown = unknownFlags(argv, known);
  const [first] = unknown;
  if (first === undefined) return undefined;
  const words = Object.keys(known).map((name) => `--${name}`);
  const hint = suggestionFor(first, [...words, "--help"]);
  const named = fitText(escapeText(unknown.join(", ")), FLAGS_COLUMNS_MAX);
  return `Cannot use ${named}: ${command} has no such flag; see ${command} --help${hint}`;
}

/** The words before `--` that look like flags and are none. */
function unknownFlags(
  argv: readonly string[],
  known: Readonly<Record<string, KnownFlag>>,
): readonly string[] {
  const unknown: string[] = [];
  const words = argv.slice(0, argv.includes("--") ? argv.indexOf("--") : undefined);
  for (let index = 0; index < words.length; index++) {
    const [word, value] = splitOnce(words[index] ?? "", "=");
    if (!/^-[^\d]/.test(word)) continue;
    const flag = word.startsWith("--")
      ? known[word.slice(2)]
      : Object.values(known).find(({ char }) => char === word[1]);
    if (flag === undefined) unknown.push(word);
    else if (flag.type === "option" && value === undefined) index++; // the next word is its value
  }
  return unknown;
}

function splitOnce(text: string, mark: string): readonly [string, string?] {
  const at = text.indexOf(mark);
  return at < 0 ? [text] : [text.slice(0, at), text.slice(at + mark.length)];
}

/** The text of an error of the command line, for `command` such as `likes add`. */
export function usageText(found: string, command: string): string {
  const text = found
    .replace(HELP_NOISE, "")
    .replace(HEADLINE, "")
    .replaceAll(/\s*\n\s*/g, " ");
  if (REFUSED_VALUE.test(text)) return text.replace(REFUSED_VALUE, "$1: ");
  for (const [pattern, rewrite] of KNOWN) {
    const groups = pattern.exec(text);
    if (groups !== null) return rewrite(groups, command);
  }
  if (text.startsWith("Cannot ")) return text;
  return `Cannot run ${command}: ${text}; see ${command} --help`;
}
