import * as Args from "@oclif/core/args";
import { parseWhole } from "../src/cli/numbers.ts";
import { OperatorCommand, operatorFlags } from "./_operator_command.ts";

/** As the message carries it. */
const TROUBLE_NUMBER_MAX = 2 ** 32 - 1;

/** `likes resolve`. */
export class Resolve extends OperatorCommand {
  static override summary = "end a trouble, at the primary";
  static override description =
    "likes status names each trouble with its number, and what ends it. After a gap, counting goes " +
    "on behind it; of an outbox that was rolled back, or differs, nothing more of that incarnation " +
    "counts; of two copies, the one that streams goes on; the others are only known from then on. " +
    "The ledger keeps the decision for ever. Runs on the primary's machine, as the primary's user.";
  static override examples = [
    "<%= config.bin %> <%= command.id %> 3",
    '<%= config.bin %> <%= command.id %> 3 --reason "no copy of that outbox is left"',
  ];
  static override args = {
    number: Args.custom<number>({
      parse: (text) => {
        return Promise.resolve(parseWhole(text, 1, TROUBLE_NUMBER_MAX, "the trouble's number"));
      },
    })({ description: "number of the trouble, as likes status tells it", required: true }),
  };
  static override flags = operatorFlags;

  override async run(): Promise<void> {
    const { args, flags } = await this.parse(Resolve);
    const { reason, timeout, "data-dir": dataDir } = flags;
    await this.decide(dataDir, (client) => client.resolve(args.number, reason, timeout));
  }
}
