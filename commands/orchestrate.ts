import { BaseCommand } from "./_base_command.ts";
/** `likes orchestrate`. */
export class Orchestrate extends BaseCommand {
  override async run(): Promise<void> {}
}
