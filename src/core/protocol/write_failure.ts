/** Why a store wrote nothing, in words that both roles share. */

/** Why a store wrote nothing: `full` for want of space, or `busy`, another program writes to it. */
export type WriteFailure = "disk_full" | "store_busy";
