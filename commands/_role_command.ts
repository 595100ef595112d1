/** What both roles share on the command line: signals, output that nobody reads, a fatal error. */
import { EXIT } from "../src/errors.ts";
import { StopSignals } from "../src/cli/signals.ts";
import { serveUnread } from "../src/cli/output.ts";
import { BaseCommand } from "./_base_command.ts";

/** A command that runs a role until it is told to stop. */
export abstract class RoleCommand extends BaseCommand {
  protected override async init(): Promise<void> {
    serveUnread();
    await super.init();
  }

  /** The second Ctrl-C ends at once; the disk is right at any moment. */
  protected signals(): StopSignals {
    return new StopSignals(() => process.exit(EXIT.interrupted));
  }

  /** Ends the process with the reason: a store in doubt may not say another word. */
  protected readonly fail = (error: unknown): void => {
    const reason = error instanceof Error ? error : new Error(String(error));
    void this.catch(reason);
  };
}
