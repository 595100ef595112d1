/**
 * The like: what may be accepted, and what it adds. Protocol version 1 fixes both. Nothing else looks
 * into a change but the codec of records and what makes one.
 */
import { unreachable } from "../../assert.ts";
import type { Refusal } from "../../errors.ts";
import { ITEM_ID_BYTES_MAX, LIKES_PER_EVENT_MAX } from "../../limits.ts";

/**
 * Controls, ends of lines, marks of direction, and what is as good as not there: with one of these, two
 * ids look alike or show as something else. A list and not a class of Unicode's, because the protocol
 * fixes it. The joiners U+200C and U+200D stay: Persian and emoji are written with them.
 */
const UNSEEN = /[\p{Cc}\u061c\u200b\u200e\u200f\u2028-\u202e\u2060\u2066-\u2069\ufeff]/u;

/**
 * A blank at an end is not seen, and two ids look alike; an id of blanks alone looks like none. The
 * blanks of Unicode that are left, as a list for the same reason.
 */
const BLANKS = "\\u0020\\u00a0\\u1680\\u2000-\\u200a\\u202f\\u205f\\u3000";
const OUTER_BLANK = new RegExp(`^[${BLANKS}]|[${BLANKS}]$`, "u");

/** What an event changes about its item. */
export type Change = { readonly kind: "add"; readonly likes: bigint };

/** One accepted message of likes. */
export interface LikeEvent {
  readonly itemId: string;
  readonly change: Change;
}

/** Returns what `change` adds to the sum of its outbox, which is known when it is accepted. */
export function acceptedLikes(change: Change): bigint {
  switch (change.kind) {
    case "add":
      return change.likes;
    default:
      return unreachable(change.kind);
  }
}

/**
 * Returns what `change` adds to its item at the ledger. `likesBefore` reads the likes that the item has;
 * only a kind that depends on them asks.
 */
export function gainedLikes(change: Change, _likesBefore: () => bigint): bigint {
  switch (change.kind) {
    case "add":
      return change.likes;
    default:
      return unreachable(change.kind);
  }
}

/** Says why `itemId` cannot be the id of an item, or nothing when it can. */
export function checkItemId(itemId: string): Refusal | undefined {
  const bytes = utf8Length(itemId);
  if (bytes === 0)
    return invalid(`Cannot use an empty item id: give 1 to ${ITEM_ID_BYTES_MAX} bytes`);
  if (bytes > ITEM_ID_BYTES_MAX) {
    return invalid(
      `Cannot use an item id of ${bytes} bytes: at most ${ITEM_ID_BYTES_MAX} are allowed`,
    );
  }
  if (UNSEEN.test(itemId) || !itemId.isWellFormed()) {
    return invalid(`Cannot use the item id ${JSON.stringify(itemId)}: it has control characters`);
  }
  if (OUTER_BLANK.test(itemId)) {
    const found = "it begins or ends with a blank; leave that out";
    return invalid(`Cannot use the item id ${JSON.stringify(itemId)}: ${found}`);
  }
  if (itemId.includes("\ufffd")) return invalid("Cannot use the item id: it is not valid UTF-8");
  if (itemId === "__proto__") return invalid(`Cannot use the item id "__proto__": it is reserved`);
  return undefined;
}

/** Says why `event` cannot be accepted, or nothing when it can. */
export function checkEvent(event: LikeEvent): Refusal | undefined {
  const refusal = checkItemId(event.itemId);
  if (refusal !== undefined) return refusal;
  const { likes } = event.change;
  if (likes >= 0n && likes <= BigInt(LIKES_PER_EVENT_MAX)) return undefined;
  return invalid(
    `Cannot accept ${likes} likes: give a whole number from 0 to ${LIKES_PER_EVENT_MAX}`,
  );
}

/** Bytes of `text` in UTF-8, without allocating them. */
function utf8Length(text: string): number {
  let bytes = 0;
  for (const character of text) {
    const code = character.codePointAt(0) ?? 0;
    bytes += code < 0x80 ? 1 : code < 0x800 ? 2 : code < 0x10000 ? 3 : 4;
  }
  return bytes;
}

function invalid(message: string): Refusal {
  return { code: "like_invalid", message };
}
