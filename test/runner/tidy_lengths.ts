/** How long a line, a function, a command's run() and a file may be. */
import { weigh } from "./exemptions.ts";
import type { Verdict } from "./exemptions.ts";
import { functionsOf } from "./source_scan.ts";
import type { FunctionBlock, Source } from "./source_scan.ts";

/** Prettier wraps code at 100; a last word of a comment may stand out. */
const COLUMNS_MAX = 104;
const FUNCTION_LINES_MAX = 70;
const FILE_LINES_MAX = 300;
/** A command reads its flags, calls one function and prints: logic belongs into src/. */
const RUN_LINES_MAX = 35;

/** Lines that are too long. One with a URL is as long as the URL makes it. */
export function longLines({ path, text }: Source): string[] {
  return text.split("\n").flatMap((line, index) => {
    const columns = Array.from(line).length;
    if (columns <= COLUMNS_MAX || /https?:\/\//.test(line)) return [];
    return [`${path}:${index + 1}: is ${columns} columns wide: at most ${COLUMNS_MAX}`];
  });
}

/** Files that are too long, unless they say why. */
export function fileLength(source: Source): Verdict {
  const lines = source.text.trimEnd().split("\n").length;
  const found = lines > FILE_LINES_MAX ? [`has ${lines} lines: at most ${FILE_LINES_MAX}`] : [];
  return weigh(source, "long file", found);
}

/** Functions that are too long, unless the file says why. */
export function functionLengths(source: Source): Verdict {
  return weigh(source, "long function", longer(functionsOf(source), FUNCTION_LINES_MAX));
}

/** The run() of a command that is too long, unless the file says why. */
export function runLength(source: Source): Verdict {
  const isCommand = source.path.startsWith("commands/");
  const runs = functionsOf(source).filter(({ header }) => isCommand && /\brun\(/.test(header));
  return weigh(source, "long run", longer(runs, RUN_LINES_MAX));
}

function longer(blocks: readonly FunctionBlock[], linesMax: number): string[] {
  return blocks.flatMap(({ header, firstLine, lastLine }) => {
    const lines = lastLine - firstLine + 1;
    const name = header.split("\n", 1)[0] ?? "";
    return lines > linesMax
      ? [`has a function of ${lines} lines: at most ${linesMax}: ${name}`]
      : [];
  });
}
