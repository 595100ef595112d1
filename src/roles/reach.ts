/**
 * The addresses that reach a server, from this machine and from others.
 *
 * A machine cannot find out how others reach it: several networks, forwarded ports and containers
 * may lie in between. A server therefore announces its configured address, or the one it listens
 * on. It never announces a wildcard, nor a loopback address to another machine: neither means
 * anything there.
 */
import { isIPv4 } from "node:net";
import { networkInterfaces } from "node:os";
import { LikesError } from "../errors.ts";
import { formatAddress, isLoopback, isWildcard, parseAddress } from "../text/address.ts";
import type { Address } from "../text/address.ts";

/** Returns `address` if it means the same on this machine and on `host`, otherwise empty text. */
export function addressBetween(address: string, host: string): string {
  const parts = readAddress(address);
  if (parts === undefined || parts.port === 0 || isWildcard(parts.host)) return "";
  return isLoopback(parts.host) && !isThisMachine(host) ? "" : address;
}

/** Returns whether `host` is this machine, without looking up names: only localhost is known. */
export function isThisMachine(host: string): boolean {
  if (isLoopback(host)) return true;
  const own = Object.values(networkInterfaces()).flatMap((addresses = []) => addresses);
  const plain = withoutMapping(host);
  return own.some(({ address }) => address === plain);
}

/** Returns the address at which this machine reaches a server that listens on `host`. */
export function addressHere({ host, port }: Address): string {
  if (!isWildcard(host)) return formatAddress({ host, port });
  return formatAddress({ host: isIPv4(host) ? "127.0.0.1" : "::1", port });
}

/**
 * Returns an address at which other machines reach it; undefined on loopback or without network.
 */
export function addressElsewhere({ host, port }: Address): string | undefined {
  if (isLoopback(host)) return undefined;
  if (!isWildcard(host)) return formatAddress({ host, port });
  const family = isIPv4(host) ? "IPv4" : "IPv6";
  const others = Object.values(networkInterfaces()).flatMap((addresses = []) => addresses);
  const other = others.find((one) => !one.internal && one.family === family && !isLinkLocal(one));
  return other === undefined ? undefined : formatAddress({ host: other.address, port });
}

/** Returns whether an address has meaning only on one link. */
function isLinkLocal({ address }: { readonly address: string }): boolean {
  return /^fe[89ab]/i.test(address);
}

/** Removes the prefix of a mapped address: a dual-stack socket shows `::ffff:10.0.0.1`. */
function withoutMapping(host: string): string {
  return host.replace(/^::ffff:(?=\d+\.)/i, "");
}

function readAddress(text: string): Address | undefined {
  try {
    return parseAddress(text);
  } catch (error) {
    if (error instanceof LikesError) return undefined;
    throw error;
  }
}
