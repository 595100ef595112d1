/**
 * Pages of items. A page token names a place in an order: the item that was told last, and the likes
 * that it had. It is text that says what it is, and the primary keeps nothing for it.
 *
 * Why a place and not an offset: likes arrive between two pages, and each item that others pass would
 * come twice. After a place none does, since likes only grow. By likes, one that rises past the place
 * meanwhile is in none of the later pages; who needs each item asks by id, where nothing moves.
 */
import { checkItems } from "../protocol/counts.ts";
import type { Refusal } from "../../errors.ts";
import { COUNTS_DEFAULT, INCARNATIONS_NAMED_MAX, ITEM_ID_BYTES_MAX } from "../../limits.ts";
import type { CountsOrder, CountsRead, CountsSelection } from "../ledger/ledger.ts";
import type { ItemCount } from "../protocol/counts.ts";
import { checkItemId } from "../protocol/like_event.ts";
import type { IncarnationId, LedgerId } from "../protocol/ids.ts";

/** What is asked for: named items, or a page; and how far the named incarnations are counted. */
export interface CountsRequest {
  readonly itemIds: readonly string[];
  /** Items of a page; 0 means COUNTS_DEFAULT. */
  readonly pageSize: number;
  /** Empty: the first page. */
  readonly pageToken: string;
  /** Undefined: that of the token, else `most_liked`. */
  readonly order: CountsOrder | undefined;
  readonly incarnations: readonly IncarnationId[];
}

/** What a request selects; of a page one item more than it has, which tells whether it is the last. */
export type Selected =
  | { readonly type: "selected"; readonly selection: CountsSelection }
  | { readonly type: "refused"; readonly refusal: Refusal };

const TOKEN_KIND = "counts/1";
const LEDGER_ID = "([0-9a-f]{32})";
const LIKES = "(0|[1-9][0-9]{0,18})";
const TOKEN = new RegExp(
  `^${TOKEN_KIND}/(?:(most_liked)/${LEDGER_ID}/${LIKES}|(item_id)/${LEDGER_ID})/([^]+)$`,
);
/** Characters of the longest token: the rest of it is the item id. */
const TOKEN_CHARS_MAX = ITEM_ID_BYTES_MAX + 80;

/** The most that a ledger can hold of one item. */
const LIKES_MAX = 2n ** 63n - 1n;

interface PageToken {
  readonly order: CountsOrder;
  readonly ledgerId: LedgerId;
  readonly after: ItemCount;
}

/** Checks a request against its bounds, and says which items of the ledger it selects. */
export function parseSelection(request: CountsRequest, ledgerId: LedgerId): Selected {
  const refusal = checkRequest(request);
  if (refusal !== undefined) return { type: "refused", refusal };
  const { itemIds, pageSize, pageToken } = request;
  if (itemIds.length > 0) return { type: "selected", selection: { type: "named", itemIds } };
  const limit = (pageSize || COUNTS_DEFAULT) + 1;
  if (pageToken === "") {
    const { order = "most_liked" } = request;
    return { type: "selected", selection: { type: "page", order, after: undefined, limit } };
  }
  const token = readToken(pageToken);
  if (token === undefined) return refusedToken(pageToken);
  const { order, after } = token;
  if (order !== (request.order ?? order)) return refusedOrder(order, request.order);
  if (token.ledgerId !== ledgerId) return refusedLedger(token.ledgerId, ledgerId);
  return { type: "selected", selection: { type: "page", order, after, limit } };
}

/** What to answer of `read`, which was made for `selection`: its items, and where the next page is. */
export function buildPage(
  selection: CountsSelection,
  { counts }: CountsRead,
  ledgerId: LedgerId,
): { readonly counts: readonly ItemCount[]; readonly nextPageToken: string } {
  if (selection.type === "named") return { counts, nextPageToken: "" };
  const page = counts.slice(0, selection.limit - 1);
  const last = page.at(-1);
  if (counts.length < selection.limit || last === undefined) return { counts, nextPageToken: "" };
  return { counts: page, nextPageToken: writeToken(selection.order, ledgerId, last) };
}

function writeToken(order: CountsOrder, ledgerId: LedgerId, { itemId, likes }: ItemCount): string {
  const token = order === "most_liked" ? `${ledgerId}/${likes}` : ledgerId;
  return `${TOKEN_KIND}/${order}/${token}/${itemId}`;
}

function readToken(text: string): PageToken | undefined {
  if (text.length > TOKEN_CHARS_MAX) return undefined;
  const [, byLikes, itsLedger, likes = "0", , idLedger, itemId = ""] = TOKEN.exec(text) ?? [];
  const ledgerId = itsLedger ?? idLedger;
  if (ledgerId === undefined || checkItemId(itemId) !== undefined) return undefined;
  if (BigInt(likes) > LIKES_MAX) return undefined;
  const order = byLikes === undefined ? "item_id" : "most_liked";
  return { order, ledgerId, after: { itemId, likes: BigInt(likes) } };
}

function checkRequest({ itemIds, pageSize, pageToken, incarnations }: CountsRequest) {
  if (itemIds.length > 0 && pageToken !== "") {
    return usage("Cannot go on from a page token with named items: they all come in one answer");
  }
  if (incarnations.length > INCARNATIONS_NAMED_MAX) {
    const found = `${incarnations.length} of them; name at most ${INCARNATIONS_NAMED_MAX}`;
    return usage(`Cannot tell the applied sequences of so many incarnations: ${found}`);
  }
  return checkItems(itemIds, pageSize);
}

function refusedToken(text: string): Selected {
  const found = JSON.stringify(text.slice(0, TOKEN_CHARS_MAX));
  const message =
    `Cannot go on from the page token ${found}: it is none of this call's; ` +
    "give the next_page_token of an earlier answer, whole";
  return { type: "refused", refusal: usage(message) };
}

function refusedOrder(of: CountsOrder, asked: CountsOrder | undefined): Selected {
  const message =
    `Cannot go on from a page token of the order ${of} in the order ${asked}: ` +
    "leave the order out, or begin at the first page";
  return { type: "refused", refusal: usage(message) };
}

function refusedLedger(of: LedgerId, ledgerId: LedgerId): Selected {
  const message =
    `Cannot go on from a page token of ledger ${of}: this is ledger ${ledgerId}; ` +
    "begin at the first page";
  return { type: "refused", refusal: { code: "ledger_other", message } };
}

function usage(message: string): Refusal {
  return { code: "usage", message };
}
