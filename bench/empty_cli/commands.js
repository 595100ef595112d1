import { Command } from "@oclif/core";

/** Does nothing: what oclif costs by itself. */
class Empty extends Command {
  async run() {}
}

export const COMMANDS = { empty: Empty };
