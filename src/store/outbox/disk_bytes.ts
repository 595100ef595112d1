/**
 * How many bytes a record takes on the disk: its events, and SQLite's overhead. These bytes bound
 * an outbox, and not those of its events. A record with one event of 7 bytes takes more than ten
 * times as many. Both stores of an outbox count this way.
 *
 * This is an upper bound, so the file never outgrows the sum. A record is a cell in a B-tree with
 * pages of 4 KiB. A cell has the events, and at most 82 bytes of keys, digest, sums and framing. A
 * page ends when the next cell does not fit. With the worst mix of cells a quarter of the page
 * stays empty, so a third is added. A cell above 1002 bytes keeps at most that many in the tree.
 * The rest is in overflow pages of its own, where 4 bytes name the next page
 * (https://sqlite.org/fileformat2.html#b_tree_pages). Records of one small event take half to three
 * quarters of the bound, full ones nearly all.
 */

/** Bytes of a page of the database file. */
export const PAGE_BYTES = 4096;
/** Bytes of events in an overflow page. */
export const PAGE_EVENT_BYTES = PAGE_BYTES - 4;
/** The most bytes of events in the tree, whatever numbers are stored beside them. */
export const TREE_EVENT_BYTES_MAX = 929;
/** Bytes in the tree beside the events, with the space that such a cell leaves empty. */
export const CELL_BYTES = 110;
/** The most bytes of a cell in the tree, with the space that it leaves empty. */
export const CELL_BYTES_MAX = inTree(TREE_EVENT_BYTES_MAX);

/**
 * Returns an upper bound of a record's bytes on the disk, given the bytes of its events. Monotonic.
 */
export function recordDiskBytes(eventBytes: number): number {
  if (eventBytes <= TREE_EVENT_BYTES_MAX) return inTree(eventBytes);
  const pages = Math.ceil((eventBytes - TREE_EVENT_BYTES_MAX) / PAGE_EVENT_BYTES);
  return pages * PAGE_BYTES + CELL_BYTES_MAX;
}

function inTree(eventBytes: number): number {
  return Math.floor((eventBytes * 4) / 3) + CELL_BYTES;
}
