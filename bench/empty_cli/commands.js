import { Command } from "@oclif/core";

/** A command that does nothing, to measure oclif's own cost. */
class Empty extends Command {
  async run() {}
}

export const COMMANDS = { empty: Empty };
