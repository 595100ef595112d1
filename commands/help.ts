import { LikesError } from "../src/errors.ts";
import { BaseCommand } from "./_base_command.ts";
import { argument } from "./_flags.ts";
import { unknownCommand } from "./_unknown_command.ts";

/** `likes help`. */
export class Help extends BaseCommand {
  static override enableJsonFlag = false;
  static override summary = "show the commands, or the help of one";
  static override description = "The same as likes --help, and as likes COMMAND --help.";
  static override examples = ["<%= config.bin %> <%= command.id %> start-likes"];
  static override args = {
    command: argument((text) => text)({ description: "name of the command" }),
  };

  override async run(): Promise<void> {
    const { args } = await this.parse(Help);
    const { Help: Pages } = await import("@oclif/core/help");
    const { command } = args;
    if (command !== undefined && this.config.findCommand(command) === undefined) {
      throw new LikesError("usage", unknownCommand(command, this.config.commandIDs));
    }
    await new Pages(this.config).showHelp(command === undefined ? [] : [command]);
  }
}
