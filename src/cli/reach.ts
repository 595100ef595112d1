/**
 * Which addresses reach a server from another machine.
 *
 * A machine cannot find out how others reach it: there may be several networks, forwarded ports and
 * containers in between. So a server tells the address that a person gave, or the one that it listens
 * on. It never tells a wildcard, nor a loopback address to another machine: these mean nothing there.
 */
import { isIPv4 } from "node:net";
import { networkInterfaces } from "node:os";
import { LikesError } from "../errors.ts";
import { formatAddress, isLoopback, isWildcard, parseAddress } from "../text/address.ts";
import type { Address } from "../text/address.ts";

/**
 * Returns `address` as this machine and `host` may tell it each other, or an empty text when it would
 * reach nobody on the other one.
 */
export function addressBetween(address: string, host: string): string {
  const parts = readAddress(address);
  if (parts === undefined || parts.port === 0 || isWildcard(parts.host)) return "";
  return isLoopback(parts.host) && !isThisMachine(host) ? "" : address;
}

/** Whether `host` is of this machine, as far as its text tells: no name but localhost is looked up. */
export function isThisMachine(host: string): boolean {
  if (isLoopback(host)) return true;
  const own = Object.values(networkInterfaces()).flatMap((addresses = []) => addresses);
  const plain = withoutMapping(host);
  return own.some(({ address }) => address === plain);
}

/** Where a process of this machine reaches a server that listens on `listening`. */
export function addressHere({ host, port }: Address): string {
  if (!isWildcard(host)) return formatAddress({ host, port });
  return formatAddress({ host: isIPv4(host) ? "127.0.0.1" : "::1", port });
}

/** Where other machines reach it; one of several where it listens on all; undefined when none do. */
export function addressElsewhere({ host, port }: Address): string | undefined {
  if (isLoopback(host)) return undefined;
  if (!isWildcard(host)) return formatAddress({ host, port });
  const family = isIPv4(host) ? "IPv4" : "IPv6";
  const others = Object.values(networkInterfaces()).flatMap((addresses = []) => addresses);
  const other = others.find((one) => !one.internal && one.family === family && !isLocalLink(one));
  return other === undefined ? undefined : formatAddress({ host: other.address, port });
}

/** An address with a meaning on one link alone. */
function isLocalLink({ address }: { readonly address: string }): boolean {
  return /^fe[89ab]/i.test(address);
}

/** A socket for both families names a peer of IPv4 as `::ffff:10.0.0.1`. */
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
