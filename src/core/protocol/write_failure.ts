/** The write failures of both stores. */

/** Why a store wrote nothing. Its disk is full, or another program is writing to it. */
export type WriteFailure = "disk_full" | "store_busy";
