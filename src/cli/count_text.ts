/** The likes of items as text. */
import type { ItemCount } from "../core/ledger.ts";
import type { Convergence } from "../core/messages.ts";
import { columnsMost, escapeText, fitText } from "./escape.ts";
import { localSecond } from "../local_time.ts";
import { formatCount } from "./numbers.ts";
import { textTable } from "./text_table.ts";

/** The longest item id, escaped, would fill many lines; a table shows so much of it. */
const ITEM_COLUMNS_MAX = 100;
const GAP = 2;

/** The likes of some items, all of one instant. */
export interface CountView {
  readonly counts: readonly ItemCount[];
  readonly convergence: Convergence;
  /** Every like acknowledged before this time of the primary's is counted; 0: none yet. */
  readonly asOfMs: number;
}

/** How to draw counts. */
export interface CountTextOptions {
  /** Width of the terminal: longer item ids are cut. Without it, at 100 columns. */
  readonly columns?: number;
}

/** Draws a table of items and likes, and under it how far they can be relied on. */
export function countText(view: CountView, options: CountTextOptions = {}): string {
  const likes = view.counts.map((count) => formatCount(count.likes));
  const likesWidth = Math.max("likes".length, ...likes.map((text) => text.length));
  const room = (options.columns ?? Infinity) - likesWidth - GAP;
  const itemWidthMax = Math.max(1, Math.min(room, ITEM_COLUMNS_MAX));
  const items = view.counts.map(({ itemId }) => fitText(escapeText(itemId), itemWidthMax));
  const itemWidth = Math.max(Math.min("item".length, itemWidthMax), ...items.map(columnsMost));
  const table = textTable(
    [
      { title: "item", align: "left", width: itemWidth },
      { title: "likes", align: "right", width: likesWidth },
    ],
    items.map((item, index) => [item, likes[index] ?? ""]),
    GAP,
  );
  const lines = view.counts.length === 0 ? ["no item has likes yet"] : table;
  return [...lines, "", fitText(freshness(view), options.columns ?? Infinity)].join("\n");
}

/** `CONVERGED as of 2026-11-22 12:00:01`, by the clock of the primary in local time. */
function freshness({ convergence, asOfMs }: CountView): string {
  const time = asOfMs === 0 ? "no time yet" : localSecond(asOfMs);
  return `${convergence.toUpperCase()} as of ${time}`;
}
