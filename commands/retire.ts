import { OperatorCommand, operatorFlags } from "./_operator_command.ts";
import { argument, parseMember } from "./_flags.ts";

/** `likes retire`. */
export class Retire extends OperatorCommand {
  static override summary = "end a LikesServer that will not return, at the primary";
  static override description =
    "The status no longer waits for the LikesServer; its likes stay in the total. Refused " +
    "while it streams: stop it, and it leaves by itself. If it returns, it is a member again, " +
    "its likes count, and a trouble names the span in which as_of may have been wrong. The " +
    "ledger keeps the decision for ever. Run it on the primary's machine, as the user of the " +
    "primary.";
  static override examples = [
    "<%= config.bin %> <%= command.id %> likes-server-3",
    '<%= config.bin %> <%= command.id %> likes-server-3 --reason "its disk is lost"',
  ];
  static override args = {
    server: argument(parseMember)({
      description: "id of the LikesServer, or of its outbox if several have that id",
      required: true,
    }),
  };
  static override flags = operatorFlags;

  override async run(): Promise<void> {
    const { args, flags } = await this.parse(Retire);
    const { reason, timeout, "data-dir": dataDir } = flags;
    await this.decide(dataDir, (client) => client.retire(args.server, reason, timeout));
  }
}
