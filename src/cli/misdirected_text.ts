/** LikesServers of another ledger in words: which, since when, and what ends it. */
import type { MisdirectedServer } from "../core/misdirected.ts";
import { localSecond } from "../local_time.ts";
import { fitText } from "./escape.ts";
import { addressText, labelText, shortId } from "./names.ts";

const WAY_OUT =
  "start this primary on its own --data-dir, or point that LikesServer to its own primary";

/** One as a part of a line, of the status of ledger `ledgerId`. */
export function misdirectedPart(server: MisdirectedServer, ledgerId: string): string {
  return `${whoText(server)}, ${whatText(server, ledgerId)} (${WAY_OUT})`;
}

/** One as lines of at most `columns`. */
export function misdirectedLines(
  server: MisdirectedServer,
  ledgerId: string,
  columns: number,
): string[] {
  const more = [whatText(server, ledgerId), WAY_OUT].map((line) => `  ${line}`);
  return [whoText(server), ...more].map((line) => fitText(line, columns));
}

function whoText({ serverId, address }: MisdirectedServer): string {
  return `${labelText(serverId)} at ${addressText(address)} is of another ledger`;
}

function whatText({ sinceMs, ledgerId: theirs }: MisdirectedServer, ledgerId: string): string {
  const [its, ours] = [theirs, ledgerId].map(shortId);
  return `since ${localSecond(sinceMs)}: its outbox belongs to ledger ${its}, and this is ${ours}`;
}
