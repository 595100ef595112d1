/** Writes labels, addresses and ids within a line. */
import { escapeText, fitText } from "./escape.ts";

/** Longer labels are cut. */
const LABEL_COLUMNS_MAX = 32;
/** Longer addresses are cut. */
const ADDRESS_COLUMNS_MAX = 48;
/** Enough digits to tell apart the ids of one status. */
const SHORT_ID_DIGITS = 8;

/** Writes the label of a LikesServer, which may be any text. */
export function labelText(serverId: string): string {
  return fitText(escapeText(serverId), LABEL_COLUMNS_MAX);
}

/** Writes the announced address of a LikesServer, which may be any text. */
export function addressText(address: string): string {
  if (address === "") return "no address";
  return fitText(escapeText(address), ADDRESS_COLUMNS_MAX);
}

/** Returns the first digits of an id, enough to tell it from others beside it. */
export function shortId(id: string): string {
  return id.slice(0, SHORT_ID_DIGITS);
}
