import { Args } from "@oclif/core";
import { COUNTS_DEFAULT, COUNTS_MAX } from "../src/limits.ts";
import { LikesError } from "../src/errors.ts";
import { BaseCommand } from "./_base_command.ts";
import { parseItem, primaryFlag, timeoutFlag, wholeFlag } from "./_flags.ts";

/** `likes count`. */
export class Count extends BaseCommand {
  static override summary = "show the likes of items, or the most liked items";
  static override description =
    "The counts are those of one commit of the ledger, with how far the total has come.";
  static override examples = [
    "<%= config.bin %> <%= command.id %>",
    "<%= config.bin %> <%= command.id %> video song --json",
  ];
  static override args = {
    items: Args.custom<string>({ parse: (text) => Promise.resolve(parseItem(text)) })({
      description: "items; without any, the most liked",
      multiple: true,
    }),
  };
  static override flags = {
    limit: wholeFlag(
      1,
      COUNTS_MAX,
    )({
      summary: `how many of the most liked items (1 to ${COUNTS_MAX})`,
      default: COUNTS_DEFAULT,
    }),
    primary: primaryFlag,
    timeout: timeoutFlag,
  };

  override async run(): Promise<void> {
    const { args, flags } = await this.parse(Count);
    const items: string[] = args.items ?? [];
    if (items.length > COUNTS_MAX) {
      throw new LikesError("usage", `Cannot count ${items.length} items: at most ${COUNTS_MAX}`);
    }
    const { PrimaryClient } = await import("../src/rpc/primary_client.ts");
    const { countText } = await import("../src/cli/count_text.ts");
    const { writeCounts } = await import("../src/rpc/status_wire.ts");
    const client = new PrimaryClient(flags.primary);
    const counts = await client.counts(items, flags.limit, flags.timeout);
    client.close();
    if (this.jsonEnabled()) return this.printJson(writeCounts(counts));
    const { isTTY, columns } = process.stdout;
    this.say(countText(counts, isTTY ? { columns } : {}));
  }
}
