import type { Hook } from "@oclif/core";
import { quote } from "../src/text/escape.ts";
import { suggestionFor } from "../src/text/nearest.ts";
import { keepResult } from "../src/cli/output.ts";
import { EXIT } from "../src/errors.ts";

type Init = Parameters<Hook.Init>[0];

/** Flags allowed in place of a command. */
const FLAGS = ["--help", "--version"];

/**
 * Rejects an unknown command with the text and JSON of every other error. It is an init hook,
 * because oclif prints its own text when --help follows.
 */
export function rejectUnknown({ id, argv, config }: Init): Promise<void> {
  if (id === undefined || FLAGS.includes(id) || config.findCommand(id) !== undefined) {
    return Promise.resolve();
  }
  const message = unknownCommand(id, config.commandIDs);
  const exit = EXIT.usage;
  keepResult(message);
  const error = JSON.stringify({ error: { code: "usage", message, exit } });
  if (argv.includes("--json")) process.stdout.write(`${error}\n`);
  else process.stderr.write(`Error: ${message}\n`);
  process.exit(exit);
}

/** Returns the error for the unknown command `id`, with a suggestion from `ids`. */
export function unknownCommand(id: string, ids: readonly string[]): string {
  return `Cannot find the command ${quote(id)}: see likes --help${suggestionFor(id, ids)}`;
}
