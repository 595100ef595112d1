/** Which connections come from the same place. */
import { isIPv6 } from "node:net";

const MAPPED = /^::ffff:(\d+\.\d+\.\d+\.\d+)$/i;
/** Of an IPv6 address the first four of eight words name a network, which may be one machine. */
const NETWORK_WORDS = 4;

/** What stands for the machine at an address: an IPv4 address, or the network of an IPv6 one. */
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
