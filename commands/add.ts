import { LikesError } from "../src/errors.ts";
import { LIKES_PER_EVENT_MAX, ADDRESSES_TRIED_MAX } from "../src/limits.ts";
import { monotonicMs } from "../src/monotonic.ts";
import { isLoopback, parseAddress } from "../src/text/address.ts";
import { countOf, parseWhole } from "../src/text/numbers.ts";
import { escapeText, quote } from "../src/text/escape.ts";
import { addressBetween } from "../src/roles/reach.ts";
import { BaseCommand } from "./_base_command.ts";
import { PRIMARY_ADDRESS, addressFlag, argument, parseItem } from "./_flags.ts";
import { primaryFlag, timeoutFlag } from "./_flags.ts";

/** `likes add`. */
export class Add extends BaseCommand {
  static override summary = "add likes to an item";
  static override description =
    "Answers once the likes are on the disk of a LikesServer. It never sends twice: if the " +
    "answer is lost, it says so and exits with 5. --json prints a record of the added likes, " +
    "which likes verify --clients compares with the stores.";
  static override examples = [
    "<%= config.bin %> <%= command.id %> video",
    "<%= config.bin %> <%= command.id %> video 5 --server 127.0.0.1:41234",
    "<%= config.bin %> <%= command.id %> video 5 --json >> given.jsonl",
  ];
  static override args = {
    item: argument(parseItem)({ description: "liked item", required: true }),
    likes: argument((text) => parseWhole(text, 0, LIKES_PER_EVENT_MAX, "the likes"))({
      description: `how many likes (0 to ${LIKES_PER_EVENT_MAX})`,
      default: 1,
    }),
  };
  static override flags = {
    server: addressFlag({
      summary: "address of a LikesServer; without it the primary names one",
      helpValue: "HOST:PORT",
      exclusive: ["primary"],
    }),
    primary: primaryFlag,
    timeout: timeoutFlag,
  };

  override async run(): Promise<void> {
    const { args, flags } = await this.parse(Add);
    const untilMs = monotonicMs() + flags.timeout;
    const { reachFirst } = await import("../src/rpc/client/reach_first.ts");
    const named =
      flags.server === undefined ? await this.#named(flags.primary, untilMs) : undefined;
    const addresses = named ?? [flags.server ?? ""];
    const client = await reachFirst(addresses, untilMs - monotonicMs());
    const leftMs = Math.max(untilMs - monotonicMs(), 1);
    const accepted = await client.addLikes(args.item, BigInt(args.likes), leftMs);
    client.close();
    const { serverId, incarnation, sequence } = accepted;
    const { item: itemId } = args;
    const { address } = client;
    const text = `${escapeText(serverId)} #${sequence} accepted ${countOf(args.likes, "like")}`;
    const likes = String(args.likes);
    const json = { serverId, incarnation, sequence: String(sequence), itemId, likes, address };
    this.done(`${text} for ${itemId}`, json);
    const isTold = named !== undefined && !this.jsonEnabled();
    if (isTold) this.printMessage(`at ${address}, which the primary at ${flags.primary} named`);
    process.exit(); // grpc-js does not let go of a connection that it was still making
  }

  /** Addresses of LikesServers that the primary hears from. Throws LikesError `peer_unreachable`. */
  async #named(primary: string, untilMs: number): Promise<readonly string[]> {
    const { PrimaryClient } = await import("../src/rpc/client/primary_client.ts");
    const client = new PrimaryClient(primary);
    const { servers } = await client.status(untilMs - monotonicMs());
    client.close();
    // One in trouble accepts as well: what it takes now is in another incarnation.
    const heard = servers.filter(({ state }) => state === "streaming");
    const { host } = parseAddress(primary);
    const addresses = inOrder(heard.map(({ address }) => addressBetween(address, host)));
    if (addresses.length > 0) return addresses.slice(0, ADDRESSES_TRIED_MAX);
    const others = servers.length - heard.length;
    const found =
      `knows ${servers.length}, of which ${others} do not deliver, and ${heard.length} ` +
      "have told no address that reaches them from here";
    const flag = primary === PRIMARY_ADDRESS ? "" : ` --primary ${primary}`;
    const wayOut = `name one with --server, or start one with: npx likes start-likes${flag}`;
    const message = `Cannot find a LikesServer: the primary at ${quote(primary)} ${found}; ${wayOut}`;
    throw new LikesError("peer_unreachable", message);
  }
}

/** At random, but loopback addresses first: a LikesServer on another machine cannot take their place. */
function inOrder(addresses: readonly string[]): readonly string[] {
  const placed = [...new Set(addresses)].filter((address) => address !== "");
  return placed
    .map((address) => ({ address, place: isLoopback(parseAddress(address).host) ? 0 : 1 }))
    .map(({ address, place }) => ({ address, place: place + Math.random() }))
    .toSorted((a, b) => a.place - b.place)
    .map(({ address }) => address);
}
