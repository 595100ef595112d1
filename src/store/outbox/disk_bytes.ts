/**
 * How many bytes a record takes on the disk: its events, and what SQLite puts around them. An
 * outbox is bounded by these bytes, and not by those of its events: a record of one event of 7
 * bytes takes ten times as many. Both stores of an outbox count so, and tell the core by
 * `recordDiskBytes`.
 *
 * This is an upper bound, so the file never outgrows the sum. A record is a cell of a tree with
 * pages of 4 KiB: its events, and at most 82 bytes of keys, digest, sums and framing. A page is
 * left when the next cell does not fit, so of cells that are mixed as badly as can be a quarter of
 * it stays empty; hence the third on top. Cells above 1002 bytes keep up to so many in the tree,
 * and the rest in whole pages of their own, of which 4 bytes name the next
 * (https://sqlite.org/fileformat2.html#b_tree_pages). Records of one small event take half to three
 * quarters of it, full ones nearly all.
 */

/** Bytes of a page of the file. */
export const PAGE_BYTES = 4096;
/** Bytes of events in a page that holds nothing else. */
export const PAGE_EVENT_BYTES = PAGE_BYTES - 4;
/** Bytes of events that are kept in the tree, whatever numbers are stored beside them. */
export const TREE_EVENT_BYTES_MAX = 929;
/** Bytes in the tree beside the events, with what such a cell leaves empty. */
export const CELL_BYTES = 110;
/** Bytes in the tree at the most, with what the largest cell leaves empty. */
export const CELL_BYTES_MAX = inTree(TREE_EVENT_BYTES_MAX);

/** Returns the bytes that a record with `eventBytes` of events takes on the disk, at the most. */
export function recordDiskBytes(eventBytes: number): number {
  if (eventBytes <= TREE_EVENT_BYTES_MAX) return inTree(eventBytes);
  const pages = Math.ceil((eventBytes - TREE_EVENT_BYTES_MAX) / PAGE_EVENT_BYTES);
  return pages * PAGE_BYTES + CELL_BYTES_MAX;
}

function inTree(eventBytes: number): number {
  return Math.floor((eventBytes * 4) / 3) + CELL_BYTES;
}
