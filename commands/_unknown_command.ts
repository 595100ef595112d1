import type { Hook } from "@oclif/core";
import { quote } from "../src/text/escape.ts";
import { suggestionFor } from "../src/text/nearest.ts";
import { keepResult } from "../src/cli/output.ts";
import { EXIT } from "../src/errors.ts";

type Init = Parameters<Hook.Init>[0];

/** What may stand in the place of a command. */
const FLAGS = ["--help", "--version"];

/**
 * Refuses a word that is no command in the words, and the JSON, of every other error. A hook of the
 * start, because oclif tells it in its own words where --help follows.
 */
export function refuseUnknown({ id, argv, config }: Init): Promise<void> {
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

/** Why `id`, which none of `ids` is, cannot be run, with the one that was perhaps meant. */
export function unknownCommand(id: string, ids: readonly string[]): string {
  return `Cannot find the command ${quote(id)}: see likes --help${suggestionFor(id, ids)}`;
}
