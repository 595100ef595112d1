/** LikesServers of another ledger in words: which, since when, and what ends it. */
import type { MisdirectedServer } from "../core/misdirected.ts";
import { localSecond } from "../local_time.ts";
import { escapeText, fitText } from "./escape.ts";

/** Digits of an id that tell it from another one. */
const SHORT_ID_DIGITS = 8;
/** What a label may take of a line; a longer one is cut. */
const ID_COLUMNS_MAX = 32;

const WAY_OUT =
  "start this primary on its own --data-dir, or point that LikesServer to its own primary";

/** One as a part of a line, of the status of ledger `ledgerId`. */
export function misdirectedPart(server: MisdirectedServer, ledgerId: string): string {
  return `${whoText(server)}: ${whatText(server, ledgerId)} (${WAY_OUT})`;
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
  const label = fitText(escapeText(serverId), ID_COLUMNS_MAX);
  return `another ledger: ${label} at ${escapeText(address)}`;
}

function whatText({ sinceMs, ledgerId: theirs }: MisdirectedServer, ledgerId: string): string {
  const [its, ours] = [theirs, ledgerId].map((id) => id.slice(0, SHORT_ID_DIGITS));
  return `since ${localSecond(sinceMs)}: its outbox belongs to ledger ${its}, and this is ${ours}`;
}
