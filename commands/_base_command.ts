/** What all commands share: the shape of errors, one line of JSON, exit codes with a meaning. */
import { Command } from "@oclif/core/command";
import { escapeText } from "../src/cli/escape.ts";
import { EXIT, FAULTS, LikesError, messageOf } from "../src/errors.ts";
import type { ExitCode } from "../src/errors.ts";
import { isRefusedValue, usageText } from "./_usage_text.ts";

/** The base of every command. */
export abstract class BaseCommand extends Command {
  static override enableJsonFlag = true;

  /** Prints one value as one line. */
  protected printJson(value: unknown): void {
    process.stdout.write(`${JSON.stringify(value)}\n`);
  }

  /** Prints a result line, unless the result is JSON. */
  protected say(text: string): void {
    if (!this.jsonEnabled()) process.stdout.write(`${text}\n`);
  }

  /** Prints talk: what a person reads and a program does not. */
  protected talk(text: string): void {
    // What a peer or a flag said is in it: no line of it may drive the terminal.
    process.stderr.write(`${text.split("\n").map(escapeText).join("\n")}\n`);
  }

  protected override logJson(value: unknown): void {
    if (value !== undefined) this.printJson(value);
  }

  /** Prints why the command failed, and ends it with the code that the one table names. */
  protected override catch(error: Error & { oclif?: { exit?: number } }): Promise<void> {
    if (error.oclif?.exit === EXIT.done) return Promise.resolve();
    const exit = exitOf(error);
    const found = messageOf(error);
    const isUsage = error.oclif !== undefined || isRefusedValue(found);
    const message = isUsage ? usageText(found, `likes ${this.id ?? ""}`) : found;
    if (this.jsonEnabled()) {
      const code = error instanceof LikesError ? error.code : exit === EXIT.usage ? "usage" : "bug";
      this.printJson({ error: { code, message, exit } });
    } else if (isBug(error)) {
      this.talk(error.stack ?? message);
    } else {
      this.talk(`Error: ${message}`);
    }
    process.exit(exit);
  }
}

function exitOf(error: Error & { oclif?: { exit?: number } }): ExitCode {
  if (error instanceof LikesError) return FAULTS[error.code].exit;
  return error.oclif?.exit === EXIT.usage ? EXIT.usage : EXIT.failed;
}

/** Only a bug shows its stack; oclif's own errors are about the command line. */
function isBug(error: Error & { oclif?: { exit?: number } }): boolean {
  return !(error instanceof LikesError) && error.oclif === undefined;
}
