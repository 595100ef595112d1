/** Finds LikesServers that accept likes, as the primary knows them. */
import { LikesError } from "../src/errors.ts";
import { ADDRESSES_TRIED_MAX } from "../src/limits.ts";
import { monotonicMs } from "../src/monotonic.ts";
import { addressBetween } from "../src/roles/reach.ts";
import { isLoopback, parseAddress } from "../src/text/address.ts";
import { quote } from "../src/text/escape.ts";
import { countOf } from "../src/text/numbers.ts";
import { PRIMARY_ADDRESS } from "./_flags.ts";

/** Returns addresses of streaming LikesServers. Throws LikesError `peer_unreachable`. */
export async function streamingAddresses(
  primary: string,
  untilMs: number,
): Promise<readonly string[]> {
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

/** Orders at random, but loopback first: a server on another machine cannot displace those. */
function inOrder(addresses: readonly string[]): readonly string[] {
  const placed = [...new Set(addresses)].filter((address) => address !== "");
  return placed
    .map((address) => ({ address, place: isLoopback(parseAddress(address).host) ? 0 : 1 }))
    .map(({ address, place }) => ({ address, place: place + Math.random() }))
    .toSorted((a, b) => a.place - b.place)
    .map(({ address }) => address);
}
