/** Shared by both roles' commands: signals, a closed output pipe, and fatal errors. */
import { EXIT } from "../src/errors.ts";
import { StopSignals } from "../src/cli/signals.ts";
import { serveUnread } from "../src/cli/output.ts";
import { BaseCommand } from "./_base_command.ts";

/** A command that runs a role until a signal stops it. */
export abstract class RoleCommand extends BaseCommand {
  protected override async init(): Promise<void> {
    serveUnread();
    await super.init();
  }

  /** The second Ctrl-C exits at once, which is safe: the disk is consistent at any moment. */
  protected signals(): StopSignals {
    return new StopSignals(() => process.exit(EXIT.interrupted));
  }

  /** Ends the process and prints the reason. After a failed store it may send nothing more. */
  protected readonly fail = (error: unknown): void => {
    const reason = error instanceof Error ? error : new Error(String(error));
    void this.catch(reason);
  };
}
