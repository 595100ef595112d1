/** The likes of items as text. */
import type { ItemCount } from "../core/protocol/counts.ts";
import type { CachedCount } from "../core/likes_server/count_cache.ts";
import type { Convergence } from "../core/protocol/messages.ts";
import { formatDuration } from "../text/duration.ts";
import { columnsMost, escapeText, fitText } from "../text/escape.ts";
import { localSecond } from "../text/local_time.ts";
import { formatCount } from "../text/numbers.ts";
import { textTable } from "./text_table.ts";

/** The longest item id, escaped, would fill many lines; a table shows so much of it. */
const ITEM_COLUMNS_MAX = 100;
const GAP = 2;
/** Stands for what is not known, which is never 0. */
const UNKNOWN = "?";

/** The likes of some items, all of one instant. */
export interface CountView {
  readonly counts: readonly ItemCount[];
  readonly convergence: Convergence;
  /** Every like acknowledged before this time of the primary's is counted; 0: none yet. */
  readonly asOfMs: number;
}

/** The likes of some items as a LikesServer has them, each at a time of its own. */
export interface CachedCountView {
  readonly serverId: string;
  readonly counts: readonly CachedCount[];
}

/** How to draw counts. */
export interface CountTextOptions {
  /** Width of the terminal: longer item ids are cut. Without it, at 100 columns. */
  readonly columns?: number;
}

/** A column of numbers, one an item. */
interface Numbers {
  readonly title: string;
  readonly cells: readonly string[];
}

/** Draws a table of items and likes, and under it how far they can be relied on. */
export function countText(view: CountView, options: CountTextOptions = {}): string {
  const likes = { title: "likes", cells: view.counts.map((one) => formatCount(one.likes)) };
  const itemIds = view.counts.map(({ itemId }) => itemId);
  return withFooter(itemTable(itemIds, [likes], options), freshness(view), options);
}

/**
 * Draws what a LikesServer has: the likes, `+here` (those that it accepted and that are not in
 * the likes yet), and how long ago it asked; `?` for what it cannot tell.
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
  const width = Math.max(Math.min("item".length, itemWidthMax), ...items.map(columnsMost));
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

/** `CONVERGED as of 2026-11-22 12:00:01`, by the clock of the primary in local time. */
function freshness({ convergence, asOfMs }: CountView): string {
  return `${convergence.toUpperCase()} as of ${timeOf(asOfMs)}`;
}

/** `as likes-server-0 has them, as of 2026-11-22 12:00:01 or later`. */
function cachedFreshness({ serverId, counts }: CachedCountView): string {
  const times = counts.flatMap(({ fetched }) => fetched?.asOfMs ?? []);
  const since = times.length === 0 ? "" : `, as of ${timeOf(Math.min(...times))} or later`;
  return `as ${escapeText(serverId)} has them${since}`;
}

function timeOf(asOfMs: number): string {
  return asOfMs === 0 ? "no time yet" : localSecond(asOfMs);
}
