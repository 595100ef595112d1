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
    const found =
      flags.server === undefined ? await this.#addressesAt(flags.primary, untilMs) : undefined;
    const addresses = found ?? [flags.server ?? ""];
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
    if (found !== undefined && !this.jsonEnabled()) {
      this.printMessage(`at ${address}, an address from the primary at ${flags.primary}`);
    }
    process.exit(); // grpc-js would keep the process alive while it still connects to others
  }

  /** Returns addresses of streaming LikesServers. Throws LikesError `peer_unreachable`. */
  async #addressesAt(primary: string, untilMs: number): Promise<readonly string[]> {
    const { PrimaryClient } = await import("../src/rpc/client/primary_client.ts");
    const client = new PrimaryClient(primary);
    const { servers } = await client.status(untilMs - monotonicMs());
    client.close();
    // A server in trouble qualifies too: it accepts new likes into another incarnation.
    const streaming = servers.filter(({ state }) => state === "streaming");
    const { host } = parseAddress(primary);
    const addresses = inOrder(streaming.map(({ address }) => addressBetween(address, host)));
    if (addresses.length > 0) return addresses.slice(0, ADDRESSES_TRIED_MAX);
    const others = servers.length - streaming.length;
    const found =
      `knows ${countOf(servers.length, "LikesServer")}: ${others} not streaming, and ` +
      `${streaming.length} without an address that is reachable from here`;
    const flag = primary === PRIMARY_ADDRESS ? "" : ` --primary ${primary}`;
    const wayOut = `give one with --server, or start one with: npx likes start-likes${flag}`;
    const message = `Cannot find a LikesServer: the primary at ${quote(primary)} ${found}; ${wayOut}`;
    throw new LikesError("peer_unreachable", message);
  }
}

/** Orders at random, but loopback first: a server on another machine cannot displace those. */
function inOrder(addresses: readonly string[]): readonly string[] {
  const placed = [...new Set(addresses)].filter((address) => address !== "");
  return placed
    .map((address) => ({ address, place: isLoopback(parseAddress(address).host) ? 0 : 1 }))
    .map(({ address, place }) => ({ address, place: place + Math.random() }))
    .toSorted((a, b) => a.place - b.place)
    .map(({ address }) => address);
}
