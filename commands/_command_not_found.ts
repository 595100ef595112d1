import type { Hook } from "@oclif/core";
import { quote } from "../src/cli/escape.ts";
import { EXIT } from "../src/errors.ts";

type Unknown = Parameters<Hook.CommandNotFound>[0];

/** Refuses a word that is no command in the words, and the JSON, of every other error. */
export function commandNotFound({ id, argv = [] }: Unknown): Promise<void> {
  const message = `Cannot find the command ${quote(id)}: see likes --help`;
  const exit = EXIT.usage;
  const error = JSON.stringify({ error: { code: "usage", message, exit } });
  if (argv.includes("--json")) process.stdout.write(`${error}\n`);
  else process.stderr.write(`Error: ${message}\n`);
  process.exit(exit);
}
