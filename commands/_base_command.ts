/** Shared by all commands: how they print results and errors, and their exit codes. */
import { Command } from "@oclif/core/command";
import { escapeText } from "../src/text/escape.ts";
import { keepResult } from "../src/cli/output.ts";
import { EXIT, FAULTS, LikesError, messageOf } from "../src/errors.ts";
import type { ExitCode } from "../src/errors.ts";
import { isRefusedValue, unknownFlagsText, usageText } from "./_usage_text.ts";

/** An error that a command throws. oclif's own errors carry their exit code. */
type OclifError = Error & { oclif?: { exit?: number } };

/** The flag that oclif adds to each command with JSON output. */
const JSON_FLAG = { type: "boolean" } as const;

/** The base of every command. */
export abstract class BaseCommand extends Command {
  static override enableJsonFlag = true;

  /** Prints one value as one line. */
  protected printJson(value: unknown): void {
    process.stdout.write(`${JSON.stringify(value)}\n`);
  }

  /** Prints a result line, unless the result is JSON. */
  protected printResult(text: string): void {
    if (!this.jsonEnabled()) process.stdout.write(`${text}\n`);
  }

  /** Prints a result, as a line or as JSON. If stdout fails, stderr shows the line. */
  protected done(text: string, json: unknown): void {
    keepResult(text);
    if (this.jsonEnabled()) this.printJson(json);
    else this.printResult(text);
  }

  /** Prints a message for people, on stderr. */
  protected printMessage(text: string): void {
    // The text may quote a peer or a flag. Escaped, it cannot control the terminal.
    process.stderr.write(`${text.split("\n").map(escapeText).join("\n")}\n`);
  }

  protected override logJson(value: unknown): void {
    if (value !== undefined) this.printJson(value);
  }

  /** Prints why the command failed, and exits with the error's code from FAULTS. */
  protected override catch(error: OclifError): Promise<void> {
    if (error.oclif?.exit === EXIT.done) return Promise.resolve();
    const exit = exitOf(error);
    const unknown = this.#unknownFlags();
    const message = unknown ?? this.#textOf(error);
    if (this.jsonEnabled()) {
      const code = unknown === undefined ? codeOf(error) : "usage";
      keepResult(message);
      this.printJson({ error: { code, message, exit } });
    } else if (isBug(error)) {
      this.printMessage(error.stack ?? message);
    } else {
      this.printMessage(`Error: ${message}`);
    }
    process.exit(exit);
  }

  #textOf(error: OclifError): string {
    const found = messageOf(error);
    const isUsage = error.oclif !== undefined || isRefusedValue(found);
    return isUsage ? usageText(found, this.#name) : found;
  }

  /** Returns the error of unknown flags; undefined when the command line was parsed. */
  #unknownFlags(): string | undefined {
    const { flags, enableJsonFlag } = this.ctor;
    const known = enableJsonFlag ? { ...flags, json: JSON_FLAG } : flags;
    return this.parsed ? undefined : unknownFlagsText(this.argv, known, this.#name);
  }

  get #name(): string {
    return `likes ${this.id ?? ""}`;
  }
}

function exitOf(error: OclifError): ExitCode {
  if (error instanceof LikesError) return FAULTS[error.code].exit;
  return error.oclif?.exit === EXIT.usage ? EXIT.usage : EXIT.failed;
}

function codeOf(error: OclifError): string {
  if (error instanceof LikesError) return error.code;
  return error.oclif?.exit === EXIT.usage ? "usage" : "bug";
}

/** Only bugs are printed with their stack. oclif's own errors are about the command line. */
function isBug(error: OclifError): boolean {
  return !(error instanceof LikesError) && error.oclif === undefined;
}
