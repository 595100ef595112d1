import { monotonicMs } from "../src/monotonic.ts";
import { LIKES_PER_PERSON_MAX, REACTIONS_MAX, REVISIONS_MAX } from "../src/limits.ts";
import { setJson, setText } from "../src/cli/set_text.ts";
import { PLAIN_LIKE } from "../src/core/protocol/register.ts";
import { parseWhole } from "../src/text/numbers.ts";
import { refused } from "../src/errors.ts";
import { BaseCommand } from "./_base_command.ts";
import { firstLikesServer, serverFlag } from "./_first_likes_server.ts";
import { argument, parseItem, personFlag, primaryFlag, timeoutFlag, wholeFlag } from "./_flags.ts";

/** `likes set`. */
export class SetCommand extends BaseCommand {
  static override summary = "set what a person gives to an item: a like counts once per person";
  static override description =
    "Answers once it is on the disk of a LikesServer. The same command again changes nothing, at " +
    "any LikesServer: repeat it when its answer is lost. 0 takes back what was given. Without " +
    "--revision the LikesServer asks the primary for the newest one. It keeps a pseudonym of the " +
    "person only. An item such as blog/post-1 belongs to the site before the slash, and a person " +
    "of one site is not a person of another.";
  static override examples = [
    "<%= config.bin %> <%= command.id %> blog/post-1 1 --person ada",
    "<%= config.bin %> <%= command.id %> blog/post-1 0 --person ada",
    "<%= config.bin %> <%= command.id %> blog/post-1 1 --person ada --reaction 3",
    "<%= config.bin %> <%= command.id %> blog/post-1 7 --person bob --json",
  ];
  static override args = {
    item: argument(parseItem)({ description: "the item", required: true }),
    likes: argument((text) => parseWhole(text, 0, LIKES_PER_PERSON_MAX, "the likes"))({
      description: `likes that the person gives (0 to ${LIKES_PER_PERSON_MAX})`,
      required: true,
    }),
  };
  static override flags = {
    person: personFlag({
      summary: "the person: the id of an account, not a mail address",
      required: true,
    }),
    reaction: wholeFlag(
      1,
      REACTIONS_MAX,
    )({
      summary: `the kind of the likes (1 to ${REACTIONS_MAX}); 1 is the plain like`,
      default: PLAIN_LIKE,
    }),
    revision: wholeFlag(
      1,
      REVISIONS_MAX,
    )({ summary: "one more than the newest revision that you know; default: asked for" }),
    server: serverFlag,
    primary: primaryFlag,
    timeout: timeoutFlag,
  };

  override async run(): Promise<void> {
    const { args, flags } = await this.parse(SetCommand);
    const { item: itemId, likes } = args;
    const { person: subject, revision } = flags;
    const untilMs = monotonicMs() + flags.timeout;
    const { client, found } = await firstLikesServer(flags, untilMs);
    const wanted = { likes, reaction: likes === 0 ? 0 : flags.reaction };
    const leftMs = Math.max(untilMs - monotonicMs(), 1);
    const answer = await client.setLike({ itemId, subject, wanted, revision }, leftMs);
    client.close();
    const { outcome } = answer;
    if (outcome.type === "refused") throw refused(outcome.refusal);
    const { serverId } = answer;
    const set = { serverId, itemId, subject, outcome, address: client.address };
    this.done(setText(set), setJson(set));
    if (found !== undefined && !this.jsonEnabled()) this.printMessage(found);
    process.exit(); // grpc-js would keep the process alive while it still connects to others
  }
}
