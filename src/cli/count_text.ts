/** Writes counts of items as text. */
import type { ItemCount } from "../core/protocol/counts.ts";
import { PLAIN_LIKE } from "../core/protocol/register.ts";
import type { CachedCount } from "../core/likes_server/count_cache.ts";
import type { Pending } from "../core/likes_server/unapplied_events.ts";
import type { Convergence } from "../core/protocol/messages.ts";
import { formatDuration } from "../text/duration.ts";
import { columnsMax, escapeText, fitText } from "../text/escape.ts";
import { localSecond } from "../text/local_time.ts";
import { countOf, formatCount } from "../text/numbers.ts";
import { stateText } from "./set_text.ts";
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
  const reactions = view.counts.some((count) => count.reactions !== undefined)
    ? [{ title: "reactions", cells: view.counts.map(reactionsText) }]
    : [];
  return withFooter(itemTable(itemIds, [likes, ...reactions], options), freshness(view), options);
}

/**
 * Draws cached counts: the likes, `+here` (likes accepted by this server and not included yet), and
 * the age of the fetch; `?` for unknown.
 */
export function cachedCountText(view: CachedCountView, options: CountTextOptions = {}): string {
  const hasPerson = view.counts.some(({ own }) => own !== undefined);
  const numbers = [
    ...(hasPerson ? ownColumns(view) : []),
    { title: "likes", cells: view.counts.map(({ fetched }) => countOr(fetched?.likes)) },
    { title: "+here", cells: view.counts.map(({ fetched }) => pendingText(fetched?.pending)) },
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

/** What a person gives, and the number of likes as that person sees it. */
function ownColumns({ counts }: CachedCountView): readonly Numbers[] {
  const own = counts.map((count) =>
    count.own === undefined ? UNKNOWN : stateText(count.own.state),
  );
  return [
    { title: "own", cells: own },
    { title: "seen", cells: counts.map((count) => countOr(seenLikes(count))) },
  ];
}

function seenLikes({ fetched, own }: CachedCount): bigint | undefined {
  if (fetched === undefined || own?.countedLikes === undefined) return undefined;
  return fetched.likes + BigInt(own.state.likes - own.countedLikes);
}

/** Likes, and the sets whose likes the ledger alone knows. */
function pendingText(pending: Pending | undefined): string {
  const likes = countOr(pending?.likes);
  if (pending === undefined || pending.sets === 0) return likes;
  return `${likes} and ${countOf(pending.sets, "set")}`;
}

/** `12×1 3×7`: twelve plain likes, and three of reaction 7. */
function reactionsText({ likes, reactions = new Map<number, bigint>() }: ItemCount): string {
  let plain = likes;
  for (const other of reactions.values()) plain -= other;
  const all = [[PLAIN_LIKE, plain] as const, ...reactions].filter(([, count]) => count !== 0n);
  return all.map(([reaction, count]) => `${formatCount(count)}×${reaction}`).join(" ");
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
