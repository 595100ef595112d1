/**
 * `npm run bench`: measures all figures, or the named ones, of the built program.
 *
 * `-- memory` one of them; `-- --json` for programs; `-- --record` puts them into bench/README.md,
 * all or none; `-- --brief` shows in seconds that all of them work, with numbers that mean nothing.
 */
import { readFileSync, writeFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";
import { EXIT, messageOf } from "../src/errors.ts";
import type { Figure, FigureResult } from "./figure.ts";
import { figuresOf } from "./figures.ts";
import { machineLines, machineOf } from "./machine.ts";
import { withRecorded } from "./record.ts";
import { figureJson, figureMarkdown, figureText } from "./report.ts";

const PAGE = fileURLToPath(new URL("README.md", import.meta.url));
const SYNC_MS = 2_000;
const BRIEF_SYNC_MS = 100;

const { values: flags, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    json: { type: "boolean", default: false },
    record: { type: "boolean", default: false },
    brief: { type: "boolean", default: false },
  },
});

const figures = chosen();

if (flags.brief) say("BRIEF: these numbers mean nothing, but that all works");
else say(`takes about ${figures.reduce((sum, { seconds }) => sum + seconds, 0)} s`);
const machine = await machineOf(flags.brief ? BRIEF_SYNC_MS : SYNC_MS);
print(
  flags.json ? JSON.stringify({ machine, brief: flags.brief }) : machineLines(machine).join("\n"),
);
const results: { readonly figure: Figure; readonly result: FigureResult }[] = [];
for (const figure of figures) {
  const options = { brief: flags.brief, say: (line: string) => say(`${figure.name}: ${line}`) };
  const result = await figure.run(options);
  results.push({ figure, result });
  print(
    flags.json ? JSON.stringify(figureJson(figure, result)) : `\n${figureText(figure, result)}`,
  );
}
if (flags.record) {
  const parts = results.map(({ figure, result }) => figureMarkdown(figure, result));
  const recorded = ["```", ...machineLines(machine), "```", "", ...parts].join("\n");
  writeFileSync(PAGE, withRecorded(readFileSync(PAGE, "utf8"), recorded));
  say(`recorded in ${PAGE}`);
}

/** What is to be measured. Ends the process when that makes no sense. */
function chosen(): readonly Figure[] {
  try {
    const named = figuresOf(positionals);
    if (!flags.record || (!flags.brief && positionals.length === 0)) return named;
    throw new Error("Cannot record a part: give --record without --brief and without names");
  } catch (error) {
    process.stderr.write(`${messageOf(error)}\n`);
    process.exit(EXIT.usage);
  }
}

function say(line: string): void {
  process.stderr.write(`${line}\n`);
}

function print(line: string): void {
  process.stdout.write(`${line}\n`);
}
