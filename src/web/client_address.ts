/**
 * Whose request it is, as far as an address tells: for limits only. Addresses are neither stored nor
 * logged.
 */
import { isIP } from "node:net";
import { addressOf } from "../text/peer_address.ts";

/**
 * Returns the machine or network of a client. `proxyHops` proxies of the operator's stand in front,
 * and each has appended the address of its own client to `X-Forwarded-For`. Whatever stands further
 * left was written by the client, and proves nothing.
 */
export function clientAddress(
  peer: string,
  forwardedFor: string | undefined,
  proxyHops: number,
): string {
  if (proxyHops === 0) return addressOf(peer);
  const hops = (forwardedFor ?? "").split(",").map((hop) => hop.trim());
  const client = hops.at(-proxyHops) ?? "";
  return addressOf(isIP(client) === 0 ? peer : client);
}
