import type { Command } from "@oclif/core";
import { SHELLS, completionScript } from "../src/cli/completion.ts";
import type { CompletedCommand, CompletedFlag, Shell, Values } from "../src/cli/completion.ts";
import { BaseCommand } from "./_base_command.ts";
import { FILE, FOLDER, argument } from "./_flags.ts";

/** `likes completion`. */
export class Completion extends BaseCommand {
  static override enableJsonFlag = false;
  static override summary = "print a script with which a shell completes likes";
  static override description =
    'bash: eval "$(likes completion bash)" in ~/.bashrc. zsh: eval "$(likes completion zsh)" ' +
    "in ~/.zshrc, after compinit. fish: likes completion fish | source in " +
    "~/.config/fish/config.fish. The shell must know the command likes: npm link.";
  static override examples = ['eval "$(<%= config.bin %> <%= command.id %> bash)"'];
  static override args = {
    shell: argument((text) => text as Shell)({
      options: [...SHELLS],
      description: `shell (${SHELLS.join(", ")})`,
      required: true,
    }),
  };

  override async run(): Promise<void> {
    const { args } = await this.parse(Completion);
    const shown = this.config.commands.filter(({ hidden }) => !hidden);
    const commands = shown.map(completed).toSorted((a, b) => (a.id < b.id ? -1 : 1));
    const ids = commands.map(({ id }) => id);
    // The manifest does not have the kinds of arguments.
    const known: Readonly<Record<string, Values>> = { help: ids, backup: "folder" };
    const all = commands.map((one) => ({ ...one, argument: known[one.id] ?? one.argument }));
    process.stdout.write(completionScript(args.shell, all));
  }
}

function completed({ id, summary = "", flags, args }: Command.Loadable): CompletedCommand {
  const [argument] = Object.values(args);
  return {
    id,
    summary,
    flags: Object.values(flags)
      .filter(({ hidden }) => !hidden)
      .map(completedFlag),
    argument: argument && (argument.options ?? "any"),
  };
}

function completedFlag(flag: Command.Flag.Cached): CompletedFlag {
  const { name, summary, description = "" } = flag;
  return { name, summary: summary ?? description, values: valuesOf(flag) };
}

function valuesOf(flag: Command.Flag.Cached): Values | undefined {
  if (flag.type === "boolean") return undefined;
  if (flag.helpValue === FOLDER) return "folder";
  return flag.helpValue === FILE ? "file" : (flag.options ?? "any");
}
