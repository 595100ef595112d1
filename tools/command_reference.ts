/** docs/COMMANDS.md: the commands with their arguments, flags, defaults and examples. */
import { EXIT } from "../src/errors.ts";

/** What is read of oclif.manifest.json, which the gate holds fresh. */
export interface Manifest {
  readonly commands: Readonly<Record<string, ManifestCommand>>;
}

interface ManifestCommand {
  readonly id: string;
  readonly summary?: string;
  readonly description?: string;
  readonly hidden?: boolean;
  readonly examples?: readonly string[];
  readonly args: Readonly<Record<string, ManifestArg>>;
  readonly flags: Readonly<Record<string, ManifestFlag>>;
}

interface ManifestArg {
  readonly name: string;
  readonly description?: string;
  readonly required?: boolean;
  readonly multiple?: boolean;
  readonly default?: string | number | boolean;
}

interface ManifestFlag {
  readonly name: string;
  readonly char?: string;
  readonly type: "boolean" | "option";
  readonly summary?: string;
  readonly description?: string;
  readonly hidden?: boolean;
  readonly default?: string | number | boolean;
  readonly helpValue?: string;
  readonly options?: readonly string[];
  readonly exclusive?: readonly string[];
}

/** What each exit code means. README.md has the same table. */
const EXIT_MEANINGS: Readonly<Record<keyof typeof EXIT, string>> = {
  done: "done",
  failed: "could not start, or could not go on",
  usage: "usage",
  unreachable: "a peer is not reachable",
  inexact: "not exact, or not converged in time",
  undecided: "cannot be decided",
  outputFailed: "what it says could not be written, as to a full disk; roles go on",
  interrupted: "interrupted by a second Ctrl-C; the first one shuts down cleanly",
  outputClosed: "ended because nobody reads its output any more, as by SIGPIPE; roles go on",
};

const HEAD = `# Commands

Every command of \`likes\`, with its flags, bounds and defaults. \`likes COMMAND --help\` says the
same, and errors are in [OPERATING.md](OPERATING.md#errors). This page is generated: \`npm run docs\`.

Results are on stdout, talk is on stderr; \`--json\` prints one object a line, errors too, with 64-bit
numbers as text. \`NO_COLOR\` is honoured. A duration is a number with a unit, such as \`100ms\`,
\`30s\`, \`5m\` or \`1m30s\`.
`;

/** The table of exit codes, which README.md has too. */
export function exitTable(): string {
  const rows = Object.entries(EXIT).map(([name, code]) => {
    return `| ${code} | ${EXIT_MEANINGS[name as keyof typeof EXIT]} |`;
  });
  return ["| Exit code | Meaning |", "|---|---|", ...rows].join("\n");
}

/** The page. */
export function commandReference({ commands }: Manifest): string {
  const shown = Object.values(commands).filter(({ hidden }) => !hidden);
  return [HEAD, ...shown.map(section), `## Exit codes\n\n${exitTable()}\n`].join("\n");
}

function section(command: ManifestCommand): string {
  const { id, summary, description, args, flags } = command;
  const usage = ["likes", id, ...Object.values(args).map(usageOf), "[FLAGS]"].join(" ");
  const parts = [`## likes ${id}`, `${summary ?? ""}.`.replace(/^./, capital), code(usage)];
  if (description !== undefined) parts.push(description.replaceAll("<", "\\<"));
  if (Object.keys(args).length > 0) parts.push(argTable(Object.values(args)));
  const shown = Object.values(flags).filter(({ hidden }) => !hidden);
  parts.push(flagTable(shown.toSorted((a, b) => (a.name < b.name ? -1 : 1))));
  const examples = (command.examples ?? []).map((example) => exampleOf(example, id));
  if (examples.length > 0) parts.push(code(examples.join("\n")));
  return `${parts.join("\n\n")}\n`;
}

function capital(letter: string): string {
  return letter.toUpperCase();
}

function code(text: string): string {
  return `\`\`\`sh\n${text}\n\`\`\``;
}

function usageOf({ name, required, multiple }: ManifestArg): string {
  const upper = `${name.toUpperCase()}${multiple ? "…" : ""}`;
  return required ? upper : `[${upper}]`;
}

function argTable(args: readonly ManifestArg[]): string {
  const rows = args.map((arg) => {
    return `| \`${usageOf(arg)}\` | ${cell(arg.description)} | ${defaultOf(arg)} |`;
  });
  return ["| Argument | What it is | Default |", "|---|---|---|", ...rows].join("\n");
}

function flagTable(flags: readonly ManifestFlag[]): string {
  const rows = flags.map((flag) => {
    if (flag.name === "json") return "| `--json` | JSON for programs, one object a line |  |";
    const excludes = (flag.exclusive ?? []).map((name) => `not with \`--${name}\``);
    const options = flag.options === undefined ? [] : [`one of ${flag.options.join(", ")}`];
    const what = [flag.summary ?? flag.description, ...options, ...excludes].join("; ");
    return `| \`${flagText(flag)}\` | ${cell(what)} | ${defaultOf(flag)} |`;
  });
  return ["| Flag | What it does | Default |", "|---|---|---|", ...rows].join("\n");
}

function flagText({ name, char, type, helpValue }: ManifestFlag): string {
  const short = char === undefined ? "" : `-${char}, `;
  return `${short}--${name}${type === "boolean" ? "" : ` ${helpValue ?? "VALUE"}`}`;
}

function defaultOf({ default: value }: { readonly default?: string | number | boolean }): string {
  return value === undefined ? "" : `\`${String(value)}\``;
}

function cell(text = ""): string {
  return text.replaceAll("|", "\\|");
}

function exampleOf(example: string, id: string): string {
  return example.replaceAll("<%= config.bin %>", "likes").replaceAll("<%= command.id %>", id);
}
