/** How labels, addresses and ids are written within a line. */
import { escapeText, fitText } from "./escape.ts";

/** What a label may take of a line; a longer one is cut. */
const LABEL_COLUMNS_MAX = 32;
/** What an address may take of a line; a longer one is cut. */
const ADDRESS_COLUMNS_MAX = 48;
/** Digits of an id that tell it from the others of a status. */
const SHORT_ID_DIGITS = 8;

/** The label of a LikesServer, which is whatever it says. */
export function labelText(serverId: string): string {
  return fitText(escapeText(serverId), LABEL_COLUMNS_MAX);
}

/** Where others reach a LikesServer, which is whatever it says. */
export function addressText(address: string): string {
  if (address === "") return "no address";
  return fitText(escapeText(address), ADDRESS_COLUMNS_MAX);
}

/** The beginning of an id: enough to tell it from others that are shown beside it. */
export function shortId(id: string): string {
  return id.slice(0, SHORT_ID_DIGITS);
}
