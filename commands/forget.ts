import * as Flags from "@oclif/core/flags";
import { monotonicMs } from "../src/monotonic.ts";
import { escapeText } from "../src/text/escape.ts";
import { BaseCommand } from "./_base_command.ts";
import { firstLikesServer, serverFlag } from "./_first_likes_server.ts";
import { argument, parseSubject, primaryFlag, timeoutFlag } from "./_flags.ts";

/** `likes forget`. */
export class Forget extends BaseCommand {
  static override summary = "forget a person for ever: what the person gave has no name any more";
  static override description =
    "All that the ledger keeps of the person goes once the primary has applied it, and sets that " +
    "come later are dropped. The likes stay in the counts; with --withdraw they are taken back. " +
    "There is no way back, and a ledger that is restored from a backup forgets the person again. " +
    "Outboxes have the pseudonym until their events are no longer retained, and backups as long " +
    "as they are kept.";
  static override examples = [
    "<%= config.bin %> <%= command.id %> ada --site blog",
    "<%= config.bin %> <%= command.id %> ada --site blog --withdraw",
  ];
  static override args = {
    person: argument((text) => parseSubject(text))({
      description: "the person, as in likes set",
      required: true,
    }),
  };
  static override flags = {
    site: Flags.string({
      summary: "the site: what stands before the slash of its items; by default items without one",
      default: "",
      helpValue: "SITE",
    }),
    withdraw: Flags.boolean({ summary: "take back what the person gave" }),
    server: serverFlag,
    primary: primaryFlag,
    timeout: timeoutFlag,
  };

  override async run(): Promise<void> {
    const { args, flags } = await this.parse(Forget);
    const { site, withdraw } = flags;
    const untilMs = monotonicMs() + flags.timeout;
    const { client, found } = await firstLikesServer(flags, untilMs);
    const leftMs = Math.max(untilMs - monotonicMs(), 1);
    const stored = await client.forgetPerson({ site, subject: args.person, withdraw }, leftMs);
    client.close();
    const { serverId, incarnation, sequence } = stored;
    const how = withdraw ? "the likes are taken back" : "the likes stay without a name";
    const text = `${escapeText(serverId)} #${sequence} stored: a person is forgotten, ${how}`;
    const json = { serverId, incarnation, sequence: String(sequence), address: client.address };
    this.done(text, json);
    if (found !== undefined && !this.jsonEnabled()) this.printMessage(found);
    process.exit(); // grpc-js would keep the process alive while it still connects to others
  }
}
