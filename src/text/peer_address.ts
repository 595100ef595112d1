/** Groups connections that come from the same machine. */
import { isIPv6 } from "node:net";

const MAPPED = /^::ffff:(\d+\.\d+\.\d+\.\d+)$/i;
/** The first four words of an IPv6 address name a network, which one machine may own. */
const NETWORK_WORDS = 4;

/** Returns the key of a peer's machine: its IPv4 address, or its IPv6 network. */
export function addressOf(remoteAddress: string): string {
  const mapped = MAPPED.exec(remoteAddress)?.[1];
  if (mapped !== undefined) return mapped;
  if (!isIPv6(remoteAddress)) return remoteAddress;
  const [head = "", tail = ""] = remoteAddress.split("%", 1).join("").split("::");
  const words = head.split(":").filter((word) => word !== "");
  const last = tail.split(":").filter((word) => word !== "");
  while (remoteAddress.includes("::") && words.length + last.length < 8) words.push("0");
  return `${[...words, ...last].slice(0, NETWORK_WORDS).join(":")}::/64`;
}
