/**
 * `npm run bench`: measures all or the named figures of the built program.
 *
 * `-- memory` measures one; `-- --json` is for programs; `-- --brief` shows in seconds that all
 * figures work, with meaningless numbers. The output is Markdown, for bench/README.md.
 */
import { resolve } from "node:path";
import { parseArgs } from "node:util";
import { EXIT, messageOf } from "../src/errors.ts";
import type { Figure } from "./figure.ts";
import { figuresOf } from "./figures.ts";
import { machineLines, machineOf } from "./machine.ts";
import { figureJson, figureMarkdown } from "./report.ts";

const SYNC_MS = 2_000;
const BRIEF_SYNC_MS = 100;

const { values: flags, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    json: { type: "boolean", default: false },
    brief: { type: "boolean", default: false },
    with: { type: "string" },
  },
});

const figures = chosen();

if (flags.brief) printProgress("BRIEF: the figures work; the numbers mean nothing");
else printProgress(`takes about ${figures.reduce((sum, { seconds }) => sum + seconds, 0)} s`);
const machine = await machineOf(flags.brief ? BRIEF_SYNC_MS : SYNC_MS);
const lines = ["```", ...machineLines(machine), "```", ""];
print(flags.json ? JSON.stringify({ machine, brief: flags.brief }) : lines.join("\n"));
for (const figure of figures) {
  const options = {
    brief: flags.brief,
    other: flags.with === undefined ? undefined : resolve(flags.with),
    printProgress: (line: string) => printProgress(`${figure.name}: ${line}`),
  };
  const result = await figure.run(options);
  print(flags.json ? JSON.stringify(figureJson(figure, result)) : figureMarkdown(figure, result));
}

/** Returns the figures to measure. Exits when a name is unknown. */
function chosen(): readonly Figure[] {
  try {
    return figuresOf(positionals);
  } catch (error) {
    process.stderr.write(`${messageOf(error)}\n`);
    process.exit(EXIT.usage);
  }
}

function printProgress(line: string): void {
  process.stderr.write(`${line}\n`);
}

function print(line: string): void {
  process.stdout.write(`${line}\n`);
}
