/** What both roles share on the command line: the ready line, signals, a parent, a fatal error. */
import { EXIT } from "../src/errors.ts";
import { StopSignals } from "../src/cli/signals.ts";
import { obeyParent } from "../src/orchestrator/child_channel.ts";
import type { ChildCommands } from "../src/orchestrator/child_channel.ts";
import { BaseCommand } from "./_base_command.ts";

/** A command that runs a role until it is told to stop. */
export abstract class RoleCommand extends BaseCommand {
  /** The second Ctrl-C ends at once; the disk is right at any moment. */
  protected signals(): StopSignals {
    return new StopSignals(() => process.exit(EXIT.interrupted));
  }

  /** Obeys a parent over IPC, and ends when it is gone, whatever became of it. */
  protected obey(supervised: boolean, commands: ChildCommands): void {
    if (supervised) obeyParent(commands, () => process.exit(EXIT.failed));
  }

  /** Ends the process with the reason: a store in doubt may not say another word. */
  protected readonly fail = (error: unknown): void => {
    const reason = error instanceof Error ? error : new Error(String(error));
    void this.catch(reason);
  };
}
