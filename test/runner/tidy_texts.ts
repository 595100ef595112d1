/** The form of errors and help. */
import { lineAt } from "./source_scan.ts";
import type { Source } from "./source_scan.ts";

/** A text and those that are added to it. */
const LITERAL = '(?:"(?:\\\\.|[^"\\\\\\n])*"|`(?:\\\\.|[^`\\\\])*`)';
const TEXTS = new RegExp(`(${LITERAL}(?:\\s*\\+\\s*${LITERAL})*)`, "g");
/** Where the message of an error stands, after its code. */
const MESSAGE = new RegExp(`\\bnew LikesError\\(\\s*"\\w+",\\s*(${LITERAL})`, "g");

/** Errors whose text has not the form `Cannot <do> …: <found>; <way out>`, without a full stop. */
export function badErrorTexts({ path, uncommented }: Source): string[] {
  if (!/^(?:src|commands)\//.test(path)) return [];
  const wrong = (index: number, text: string, what: string): string => {
    return `${path}:${lineAt(uncommented, index)}: ${JSON.stringify(text)}: ${what}`;
  };
  const openings = [...uncommented.matchAll(MESSAGE)].flatMap(({ 1: literal = "", index }) => {
    const text = literal.slice(1, -1);
    return /^(?:Cannot |\$\{)/.test(text) ? [] : [wrong(index, text, "does not begin with Cannot")];
  });
  const forms = [...uncommented.matchAll(TEXTS)].flatMap(({ 1: literals = "", index }) => {
    const text = literals.replaceAll(/["`]\s*\+\s*["`]/g, "").slice(1, -1);
    if (!/^[Cc]annot\b/.test(text)) return [];
    if (!/^Cannot (?:[a-z$]|$)/.test(text))
      return [wrong(index, text, "does not say what cannot be done")];
    if (/[.!]$/.test(text)) return [wrong(index, text, "ends with a full stop")];
    return [];
  });
  return [...openings, ...forms];
}

/** What rules of help need of a flag or an argument. */
interface HelpedInput {
  readonly summary?: string | undefined;
  readonly description?: string | undefined;
  readonly hidden?: boolean | undefined;
}

/** What rules of help need of a command. */
export interface HelpedCommand {
  readonly summary?: string | undefined;
  readonly examples?: readonly unknown[] | undefined;
  readonly flags?: Readonly<Record<string, HelpedInput>>;
  readonly args?: Readonly<Record<string, HelpedInput>>;
}

/** What is wrong with the help of a command: names, sentences, examples. */
export function badHelp(name: string, command: HelpedCommand): string[] {
  const inputs = [
    ...Object.entries(command.flags ?? {}).map(([flag, of]) => [`--${flag}`, of] as const),
    ...Object.entries(command.args ?? {}),
  ];
  const names = [name, ...inputs.map(([input]) => input.replace(/^--/, ""))];
  const found = names.filter((one) => !/^[a-z][a-z0-9]*(?:-[a-z0-9]+)*$/.test(one));
  const texts = inputs.map(([input, { summary, description }]) => {
    return [input, summary ?? description] as const;
  });
  return [
    ...found.map((one) => `${name}: ${one}: names are in kebab-case`),
    ...badHelpText(command.summary).map((what) => `${name}: summary: ${what}`),
    ...texts.flatMap(([of, text]) => badHelpText(text).map((what) => `${name}: ${of}: ${what}`)),
    ...((command.examples ?? []).length > 0 ? [] : [`${name}: has no example`]),
  ];
}

function badHelpText(text: string | undefined): string[] {
  if (text === undefined || text === "") return ["has no help"];
  const found: string[] = [];
  if (/^[A-Z][a-z]+\b/.test(text)) found.push("begins with a capital letter");
  if (text.endsWith(".")) found.push("ends with a full stop");
  return found;
}
