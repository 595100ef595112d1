/** Addresses as people write them: `host:port`, and `[::1]:port` for IPv6. */
import { BlockList, isIPv4, isIPv6 } from "node:net";
import { LikesError } from "../errors.ts";
import { ADDRESS_BYTES_MAX } from "../limits.ts";
import { quote } from "./escape.ts";
import { parseWhole } from "./numbers.ts";

/** The largest port of TCP. */
export const PORT_MAX = 65_535;

const LOOPBACK = new BlockList();
LOOPBACK.addSubnet("127.0.0.0", 8, "ipv4");
LOOPBACK.addAddress("::1", "ipv6");

const WILDCARD = new BlockList();
WILDCARD.addAddress("0.0.0.0", "ipv4");
WILDCARD.addAddress("::", "ipv6");

/** Where a server listens. `host` has no IPv6 brackets. */
export interface Address {
  readonly host: string;
  readonly port: number;
}

/** Parses `host:port` or `[::1]:port`, with ports from 0. Throws LikesError `usage`. */
export function parseAddress(text: string): Address {
  const parts = /^(?:\[(?<ipv6>[^\]]*)\]|(?<name>[^:]*)):(?<port>[^:]*)$/.exec(text)?.groups;
  if (parts === undefined || text.length > ADDRESS_BYTES_MAX) throw unreadable(text);
  const { ipv6, name = "", port = "" } = parts;
  if (ipv6 === undefined ? !isName(name) : !isIPv6(ipv6)) throw unreadable(text);
  return {
    host: ipv6 ?? name,
    port: parseWhole(port, 0, PORT_MAX, `the port of the address ${quote(text)},`),
  };
}

/** Parses a host without a port, for `--host`: a name, IPv4 or IPv6. Throws `usage`. */
export function parseHost(text: string): string {
  if (text.length <= ADDRESS_BYTES_MAX && (isName(text) || isIPv6(text))) return text;
  throw new LikesError(
    "usage",
    `Cannot read the host ${quote(text)}: give a name or an IP address, e.g. 127.0.0.1`,
  );
}

/** Writes an address so that `parseAddress` reads it back. */
export function formatAddress({ host, port }: Address): string {
  return isIPv6(host) ? `[${host}]:${port}` : `${host}:${port}`;
}

/** Returns whether only this machine can reach `host`: 127.0.0.0/8, ::1 and localhost. */
export function isLoopback(host: string): boolean {
  return host.toLowerCase() === "localhost" || isOf(LOOPBACK, host);
}

/** Returns whether `host` stands for all addresses: 0.0.0.0 and ::. */
export function isWildcard(host: string): boolean {
  return isOf(WILDCARD, host);
}

function isOf(list: BlockList, host: string): boolean {
  if (isIPv4(host)) return list.check(host, "ipv4");
  return isIPv6(host) && list.check(host, "ipv6");
}

/**
 * Returns whether `host` is a host name or IPv4. A host that ends in a number must be IPv4:
 * resolvers disagree about `127.1`, and read `0x0` as 0.0.0.0.
 */
function isName(host: string): boolean {
  if (/(?:^|\.)(?:\d+|0x[\da-f]*)\.?$/i.test(host)) return isIPv4(host);
  return /^[A-Za-z0-9_](?:[A-Za-z0-9._-]*[A-Za-z0-9_])?$/.test(host);
}

function unreadable(text: string): LikesError {
  return new LikesError(
    "usage",
    `Cannot read the address ${quote(text)}: give host:port, e.g. 127.0.0.1:50051 or [::1]:50051`,
  );
}
