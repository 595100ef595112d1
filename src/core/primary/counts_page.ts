/**
 * Pages of items. A page token names a place in an order: the item before it, with its likes. The
 * token is self-describing text, and the primary keeps nothing for it.
 *
 * A token is a place and not an offset, because likes arrive between two pages. With an offset, an
 * item that others pass would come twice. In the order by likes, an item that rises past the place
 * is on no later page, and one that falls past it comes again. A reader that needs every item once
 * asks for the order by id, where nothing moves.
 */
import { checkItems } from "../protocol/counts.ts";
import type { Refusal } from "../../errors.ts";
import {
  COUNTS_DEFAULT,
  COUNTS_MAX,
  INCARNATIONS_NAMED_MAX,
  ITEM_ID_BYTES_MAX,
} from "../../limits.ts";
import type { CountsOrder, CountsRead, CountsSelection } from "../ledger/ledger.ts";
import type { ItemCount } from "../protocol/counts.ts";
import { checkItemId } from "../protocol/like_event.ts";
import type { RegisterKey } from "../protocol/register.ts";
import type { IncarnationId, LedgerId } from "../protocol/ids.ts";

/** A request for named items or for a page, and for the applied sequences of incarnations. */
export interface CountsRequest {
  readonly itemIds: readonly string[];
  /** The most items on the page; 0 means COUNTS_DEFAULT. */
  readonly pageSize: number;
  /** Empty for the first page. */
  readonly pageToken: string;
  /** Undefined for the order of the token, or `most_liked` on the first page. */
  readonly order: CountsOrder | undefined;
  readonly incarnations: readonly IncarnationId[];
  /** Registers whose states the answer shall have. */
  readonly registers: readonly RegisterKey[];
}

/**
 * What a request selects. A page selects one item more, which shows whether another page follows.
 */
export type Selected =
  | { readonly type: "selected"; readonly selection: CountsSelection }
  | { readonly type: "refused"; readonly refusal: Refusal };

const TOKEN_KIND = "counts/1";
const LEDGER_ID = "([0-9a-f]{32})";
const LIKES = "(0|[1-9][0-9]{0,18})";
const TOKEN = new RegExp(
  `^${TOKEN_KIND}/(?:(most_liked)/${LEDGER_ID}/${LIKES}|(item_id)/${LEDGER_ID})/([^]+)$`,
);
/** The most characters of a token: an item id and its prefix. */
const TOKEN_CHARS_MAX = ITEM_ID_BYTES_MAX + 80;

/** The most likes of an item. */
const LIKES_MAX = 2n ** 63n - 1n;

interface PageToken {
  readonly order: CountsOrder;
  readonly ledgerId: LedgerId;
  readonly after: ItemCount;
}

/** Checks a request, and returns which items of the ledger it selects, or why it is refused. */
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

/**
 * Returns the items of a read for `selection`, and the token of the next page; empty on the last
 * page.
 */
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
  const [, byLikes, likesLedger, likes = "0", , idLedger, itemId = ""] = TOKEN.exec(text) ?? [];
  const ledgerId = likesLedger ?? idLedger;
  if (ledgerId === undefined || checkItemId(itemId) !== undefined) return undefined;
  if (BigInt(likes) > LIKES_MAX) return undefined;
  const order = byLikes === undefined ? "item_id" : "most_liked";
  return { order, ledgerId: ledgerId as LedgerId, after: { itemId, likes: BigInt(likes) } };
}

function checkRequest(request: CountsRequest): Refusal | undefined {
  const { itemIds, pageSize, pageToken, incarnations, registers } = request;
  if (itemIds.length > 0 && pageToken !== "") {
    return usage("Cannot continue from a page token with named items: they all come in one answer");
  }
  if (incarnations.length > INCARNATIONS_NAMED_MAX) {
    const found = `at most ${INCARNATIONS_NAMED_MAX} are allowed`;
    return usage(
      `Cannot tell the applied sequences of ${incarnations.length} incarnations: ${found}`,
    );
  }
  if (registers.length > COUNTS_MAX) {
    return usage(`Cannot read ${registers.length} registers at once: at most ${COUNTS_MAX}`);
  }
  return checkItems(itemIds, pageSize);
}

function refusedToken(text: string): Selected {
  const found = JSON.stringify(text.slice(0, TOKEN_CHARS_MAX));
  const message =
    `Cannot continue from the page token ${found}: this call did not issue it; ` +
    "give the whole next_page_token of an earlier answer";
  return { type: "refused", refusal: usage(message) };
}

function refusedOrder(of: CountsOrder, asked: CountsOrder | undefined): Selected {
  const message =
    `Cannot continue from a page token of the order ${of} in the order ${asked}: ` +
    "leave the order out, or begin at the first page";
  return { type: "refused", refusal: usage(message) };
}

function refusedLedger(of: LedgerId, ledgerId: LedgerId): Selected {
  const message =
    `Cannot continue from a page token of ledger ${of}: this is ledger ${ledgerId}; ` +
    "begin at the first page";
  return { type: "refused", refusal: { code: "ledger_other", message } };
}

function usage(message: string): Refusal {
  return { code: "usage", message };
}
