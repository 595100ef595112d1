/**
 * What a person typed wrong, in the words of every other error. oclif finds it and tells it in texts
 * of its own; those that can be met are known here, and any other one keeps its words behind ours.
 */
import { escapeText, quote } from "../src/cli/escape.ts";

/** What oclif writes before the reason for which the value of a flag is refused. */
const REFUSED_VALUE = /^Parsing (--[\w-]+)\s+/;
/** What oclif adds for a person who types. */
const HELP_NOISE = /\s*\nSee more help with --help$/;
const HEADLINE = /^The following errors? occurred:\s+/;

type Rewrite = (found: readonly string[], command: string) => string;

/** oclif's texts with what becomes of each. */
const KNOWN: readonly (readonly [pattern: RegExp, rewrite: Rewrite])[] = [
  [
    /^Nonexistent flags?: (.*)$/,
    ([, flags = ""], command) =>
      `Cannot use ${escapeText(flags)}: ${command} has no such flag; see ${command} --help`,
  ],
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
