/**
 * Rewrites oclif's errors about the command line in the style of all other errors. It knows the
 * texts that can occur. Any other text is kept, behind `Cannot run`.
 */
import { escapeText, fitText, quote } from "../src/text/escape.ts";
import { suggestionFor } from "../src/text/nearest.ts";

/** oclif's prefix to the reason why a flag's value is rejected. */
const REFUSED_VALUE = /^Parsing (--[\w-]+)\s+/;
/** oclif's own hint. */
const HELP_NOISE = /\s*\nSee more help with --help$/;
/** Width of the list of flags in one error. */
const FLAGS_COLUMNS_MAX = 100;
const HEADLINE = /^The following errors? occurred:\s+/;

/** A flag of a command, as oclif knows it. */
interface KnownFlag {
  readonly type: "boolean" | "option";
  readonly char?: string | undefined;
}

type Rewrite = (found: readonly string[], command: string) => string;

/** oclif's texts, and how each is rewritten. */
const KNOWN: readonly (readonly [pattern: RegExp, rewrite: Rewrite])[] = [
  [
    /^Unexpected arguments?: (.*)$/,
    ([, words = ""], command) =>
      `Cannot use ${quote(words)}: ${command} takes no more arguments; see ${command} --help`,
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

/** Returns whether `found` is about the rejected value of a flag. */
export function isRefusedValue(found: string): boolean {
  return REFUSED_VALUE.test(found);
}

/**
 * Returns the error of the flags in `argv` that are not among the `known` flags of `command`;
 * undefined when all are known. oclif checks this last, and may first reject a misspelt flag's
 * value as an argument.
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

/** Returns the words before `--` that look like flags but are unknown. */
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

/** Returns the text of oclif's error `found`, for a `command` such as `likes add`. */
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
