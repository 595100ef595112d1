/**
 * A LikeEvent: what may be accepted, and what it adds. Protocol version 1 fixes both. Elsewhere
 * only the record codec and the code that creates a change look into one.
 */
import { unreachable } from "../../assert.ts";
import type { Refusal } from "../../errors.ts";
import { ITEM_ID_BYTES_MAX, LIKES_PER_EVENT_MAX } from "../../limits.ts";
import type { PersonId } from "./ids.ts";
import { checkOperation } from "./operation.ts";
import type { Operation } from "./operation.ts";
import { checkState } from "./register.ts";
import type { RegisterState } from "./register.ts";

/**
 * Controls, line separators, direction marks and zero-width characters: with one of them, two ids
 * look alike or an id displays as another. Listed rather than taken from a Unicode class, because
 * the protocol fixes the set. The joiners U+200C and U+200D are allowed: Persian and emoji need
 * them.
 */
const INVISIBLE = /[\p{Cc}\u061c\u200b\u200e\u200f\u2028-\u202e\u2060\u2066-\u2069\ufeff]/u;

/**
 * The remaining blanks of Unicode, listed for the same reason. With a blank at an end two ids look
 * alike, and an id of blanks looks empty.
 */
const BLANKS = "\\u0020\\u00a0\\u1680\\u2000-\\u200a\\u202f\\u205f\\u3000";
const OUTER_BLANK = new RegExp(`^[${BLANKS}]|[${BLANKS}]$`, "u");

/** What an event changes about its item. */
export type Change =
  /** Adds likes. With an operation it counts once, however often it comes. */
  | { readonly kind: "add"; readonly likes: bigint; readonly operation?: Operation }
  /** Sets what a person gives. The same set changes nothing again. */
  | { readonly kind: "set"; readonly person: PersonId; readonly state: RegisterState }
  /** Forgets a person, and with `withdraw` takes back what the person gave. Names no item. */
  | { readonly kind: "forget"; readonly person: PersonId; readonly withdraw: boolean };

/** One accepted message of likes. */
export interface LikeEvent {
  /** Empty when a person is forgotten. */
  readonly itemId: string;
  readonly change: Change;
}

/**
 * Returns the likes that `change` adds to the sum of its outbox: known at acceptance. What a set
 * adds is known to the ledger alone.
 */
export function acceptedLikes(change: Change): bigint {
  return change.kind === "add" ? change.likes : 0n;
}

/** Returns the most likes that `change` can add to its item. */
export function likesAtMost(change: Change): bigint {
  switch (change.kind) {
    case "add":
      return change.likes;
    case "set":
      return BigInt(change.state.likes);
    case "forget":
      return 0n;
    default:
      return unreachable(change);
  }
}

/** Returns why `itemId` is no valid item id; undefined when it is valid. */
export function checkItemId(itemId: string): Refusal | undefined {
  const bytes = utf8Length(itemId);
  if (bytes === 0)
    return invalid(`Cannot use an empty item id: give 1 to ${ITEM_ID_BYTES_MAX} bytes`);
  if (bytes > ITEM_ID_BYTES_MAX) {
    return invalid(
      `Cannot use an item id of ${bytes} bytes: at most ${ITEM_ID_BYTES_MAX} are allowed`,
    );
  }
  if (INVISIBLE.test(itemId) || !itemId.isWellFormed()) {
    return invalid(`Cannot use the item id ${JSON.stringify(itemId)}: it has control characters`);
  }
  if (OUTER_BLANK.test(itemId)) {
    const found = "it begins or ends with a blank; remove the blank";
    return invalid(`Cannot use the item id ${JSON.stringify(itemId)}: ${found}`);
  }
  if (itemId.includes("\ufffd")) return invalid("Cannot use the item id: it is not valid UTF-8");
  if (itemId === "__proto__") return invalid(`Cannot use the item id "__proto__": it is reserved`);
  return undefined;
}

/** Returns why `event` cannot be accepted; undefined when it can. */
export function checkEvent(event: LikeEvent): Refusal | undefined {
  const { itemId, change } = event;
  if (change.kind === "forget") {
    return itemId === "" ? undefined : invalid("Cannot forget a person for one item: name none");
  }
  const refusal = checkItemId(itemId);
  if (refusal !== undefined) return refusal;
  return change.kind === "set" ? checkState(change.state) : checkAdd(change);
}

function checkAdd({ likes, operation }: Extract<Change, { kind: "add" }>): Refusal | undefined {
  const refusal = operation && checkOperation(operation);
  if (refusal !== undefined) return refusal;
  if (likes >= 0n && likes <= BigInt(LIKES_PER_EVENT_MAX)) return undefined;
  return invalid(
    `Cannot accept ${likes} likes: give a whole number from 0 to ${LIKES_PER_EVENT_MAX}`,
  );
}

/** Returns the length of `text` in UTF-8 bytes, without encoding it. */
export function utf8Length(text: string): number {
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
