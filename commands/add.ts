import { LikesError } from "../src/errors.ts";
import { LIKES_PER_EVENT_MAX } from "../src/limits.ts";
import { monotonicMs } from "../src/monotonic.ts";
import { countOf, parseWhole } from "../src/cli/numbers.ts";
import { escapeText, quote } from "../src/cli/escape.ts";
import { BaseCommand } from "./_base_command.ts";
import { addressFlag, argument, parseItem, primaryFlag, timeoutFlag } from "./_flags.ts";

/** `likes add`. */
export class Add extends BaseCommand {
  static override summary = "give likes to an item";
  static override description =
    "The likes are on the disk of a LikesServer when this command answers. It " +
    "never sends twice: when an answer is lost it says so and exits 5. What --json prints is a " +
    "record of the give, with which likes verify compares what was stored and counted.";
  static override examples = [
    "<%= config.bin %> <%= command.id %> video",
    "<%= config.bin %> <%= command.id %> video 5 --server 127.0.0.1:41234",
    "<%= config.bin %> <%= command.id %> video 5 --json >> given.jsonl",
  ];
  static override args = {
    item: argument(parseItem)({ description: "item that is liked", required: true }),
    likes: argument((text) => parseWhole(text, 0, LIKES_PER_EVENT_MAX, "the likes"))({
      description: `how many likes (0 to ${LIKES_PER_EVENT_MAX})`,
      default: 1,
    }),
  };
  static override flags = {
    server: addressFlag({
      summary: "address of a LikesServer; without it the primary is asked for one",
      helpValue: "HOST:PORT",
      exclusive: ["primary"],
    }),
    primary: primaryFlag,
    timeout: timeoutFlag,
  };

  override async run(): Promise<void> {
    const { args, flags } = await this.parse(Add);
    const { LikesClient } = await import("../src/rpc/likes_client.ts");
    const { address, leftMs } =
      flags.server === undefined
        ? await anyServer(flags.primary, flags.timeout)
        : { address: flags.server, leftMs: flags.timeout };
    const client = new LikesClient(address);
    const accepted = await client.addLikes(args.item, BigInt(args.likes), leftMs);
    client.close();
    const { serverId, incarnation, sequence } = accepted;
    const { item: itemId } = args;
    const text = `${escapeText(serverId)} #${sequence} accepted ${countOf(args.likes, "like")}`;
    const likes = String(args.likes);
    const json = { serverId, incarnation, sequence: String(sequence), itemId, likes };
    this.done(`${text} for ${itemId}`, json);
  }
}

/**
 * Asks the primary for a LikesServer that it hears from; gives what is left of the time too. Throws
 * LikesError `peer_unreachable`.
 */
async function anyServer(
  primary: string,
  timeoutMs: number,
): Promise<{ readonly address: string; readonly leftMs: number }> {
  const untilMs = monotonicMs() + timeoutMs;
  const { PrimaryClient } = await import("../src/rpc/primary_client.ts");
  const client = new PrimaryClient(primary);
  const { servers } = await client.status(timeoutMs);
  client.close();
  // One in trouble accepts as well: what it takes now is in another incarnation.
  const heard = servers.filter(({ state }) => state === "streaming");
  const chosen = heard[Math.floor(Math.random() * heard.length)];
  const leftMs = Math.max(untilMs - monotonicMs(), 1);
  if (chosen !== undefined) return { address: chosen.address, leftMs };
  const message =
    `Cannot find a LikesServer: the primary at ${quote(primary)} knows ` +
    `${servers.length}, of which none delivers; start one with: npx likes ` +
    "start-likes";
  throw new LikesError("peer_unreachable", message);
}
