/** Writes counts of items as text. */
import type { ItemCount } from "../core/protocol/counts.ts";
import type { CachedCount } from "../core/likes_server/count_cache.ts";
import type { Convergence } from "../core/protocol/messages.ts";
import { formatDuration } from "../text/duration.ts";
import { columnsMax, escapeText, fitText } from "../text/escape.ts";
import { localSecond } from "../text/local_time.ts";
import { formatCount } from "../text/numbers.ts";
import { textTable } from "./text_table.ts";

/** Longer item ids are cut: an escaped one could fill many lines. */
const ITEM_COLUMNS_MAX = 100;
const GAP = 2;
/** Shown for an unknown number, which is never 0. */
const UNKNOWN = "?";

/** The likes of some items, all as of one time. */
export interface CountView {
  readonly counts: readonly ItemCount[];
  readonly convergence: Convergence;
  /** Every like acknowledged before this time (the primary's clock) is counted; 0 if unknown. */
  readonly asOfMs: number;
}

/** The counts cached by a LikesServer, each fetched at its own time. */
export interface CachedCountView {
  readonly serverId: string;
  readonly counts: readonly CachedCount[];
}

/** How to draw counts. */
export interface CountTextOptions {
  /** Width of the terminal; unlimited without it. Item ids are cut to fit. */
  readonly columns?: number;
}

/** A column with one number per item. */
interface Numbers {
  readonly title: string;
  readonly cells: readonly string[];
}

/** Draws a table of items and likes, with their convergence and as_of below. */
export function countText(view: CountView, options: CountTextOptions = {}): string {
  const likes = { title: "likes", cells: view.counts.map((one) => formatCount(one.likes)) };
  const itemIds = view.counts.map(({ itemId }) => itemId);
  return withFooter(itemTable(itemIds, [likes], options), freshness(view), options);
}

/**
 * Draws cached counts: the likes, `+here` (likes accepted by this server and not included yet), and
 * the age of the fetch; `?` for unknown.
 */
export function cachedCountText(view: CachedCountView, options: CountTextOptions = {}): string {
  const numbers = [
    { title: "likes", cells: view.counts.map(({ fetched }) => countOr(fetched?.likes)) },
    { title: "+here", cells: view.counts.map(({ fetched }) => countOr(fetched?.pendingLikes)) },
    { title: "fetched", cells: view.counts.map(({ fetched }) => agoOr(fetched?.ageMs)) },
  ];
  const itemIds = view.counts.map(({ itemId }) => itemId);
  return withFooter(itemTable(itemIds, numbers, options), cachedFreshness(view), options);
}

function itemTable(
  itemIds: readonly string[],
  numbers: readonly Numbers[],
  options: CountTextOptions,
): readonly string[] {
  if (itemIds.length === 0) return ["no item has likes yet"];
  const columns = numbers.map(({ title, cells }) => {
    const width = Math.max(title.length, ...cells.map((cell) => cell.length));
    return { title, align: "right", width } as const;
  });
  const taken = columns.reduce((sum, { width }) => sum + width + GAP, 0);
  const room = (options.columns ?? Infinity) - taken;
  const itemWidthMax = Math.max(1, Math.min(room, ITEM_COLUMNS_MAX));
  const items = itemIds.map((itemId) => fitText(escapeText(itemId), itemWidthMax));
  const width = Math.max(Math.min("item".length, itemWidthMax), ...items.map(columnsMax));
  const rows = items.map((item, index) => [
    item,
    ...numbers.map(({ cells }) => cells[index] ?? ""),
  ]);
  return textTable([{ title: "item", align: "left", width }, ...columns], rows, GAP);
}

function withFooter(
  lines: readonly string[],
  footer: string,
  { columns = Infinity }: CountTextOptions,
): string {
  return [...lines, "", fitText(footer, columns)].join("\n");
}

function countOr(likes: bigint | undefined): string {
  return likes === undefined ? UNKNOWN : formatCount(likes);
}

function agoOr(ageMs: number | undefined): string {
  return ageMs === undefined ? UNKNOWN : `${formatDuration(ageMs)} ago`;
}

/** `CONVERGED as of 2026-11-22 12:00:01`: the primary's clock, in local time. */
function freshness({ convergence, asOfMs }: CountView): string {
  const word = convergence.toUpperCase();
  return asOfMs === 0 ? `${word}, as_of unknown` : `${word} as of ${localSecond(asOfMs)}`;
}

/** `cached by likes-server-0, as of 2026-11-22 12:00:01 or later`. */
function cachedFreshness({ serverId, counts }: CachedCountView): string {
  const source = `cached by ${escapeText(serverId)}`;
  const times = counts.flatMap(({ fetched }) => fetched?.asOfMs ?? []);
  if (times.length === 0) return source;
  const oldestMs = Math.min(...times);
  return oldestMs === 0
    ? `${source}, as_of unknown`
    : `${source}, as of ${localSecond(oldestMs)} or later`;
}
