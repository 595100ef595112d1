import type { Hook } from "@oclif/core";
import { quote } from "../src/cli/escape.ts";
import { EXIT } from "../src/errors.ts";

/** Refuses a word that is no command in the words, and the JSON, of every other error. */
export const commandNotFound: Hook.CommandNotFound = ({ id, argv = [] }) => {
  const message = `Cannot find the command ${quote(id)}: see likes --help`;
  const exit = EXIT.usage;
  const error = JSON.stringify({ error: { code: "usage", message, exit } });
  if (argv.includes("--json")) process.stdout.write(`${error}\n`);
  else process.stderr.write(`Error: ${message}\n`);
  process.exit(exit);
};
