/**
 * Finds the stores in a data folder: `primary/ledger.sqlite`, and an outbox in each other folder.
 */
import { lstatSync, readdirSync } from "node:fs";
import { join } from "node:path";
import { LikesError, messageOf } from "../errors.ts";

const PRIMARY = "primary";

/** Paths of the stores in a data folder. */
export interface FoundFiles {
  readonly ledger: string | undefined;
  readonly outboxes: readonly string[];
}

/**
 * Finds the stores in `dataDir`. Throws LikesError `usage` (no such folder) or `store_unusable`.
 */
export function findFiles(dataDir: string): FoundFiles {
  let names: string[];
  try {
    names = readdirSync(dataDir);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ENOENT") throw noFolder(dataDir, error);
    const message =
      `Cannot look for stores in ${JSON.stringify(dataDir)}: ${messageOf(error)}; ` +
      "give the --data-dir of the roles";
    throw new LikesError("store_unusable", message, { cause: error });
  }
  const ledger = join(dataDir, PRIMARY, "ledger.sqlite");
  const outboxes = names
    .filter((name) => name !== PRIMARY)
    .toSorted()
    .map((name) => join(dataDir, name, "outbox.sqlite"));
  return { ledger: isThere(ledger) ? ledger : undefined, outboxes: outboxes.filter(isThere) };
}

function noFolder(dataDir: string, cause: unknown): LikesError {
  const message =
    `Cannot look for stores in ${JSON.stringify(dataDir)}: there is no such folder; give the ` +
    "--data-dir of the roles";
  return new LikesError("usage", message, { cause });
}

/** Returns whether anything is at `path`, of any type and readable or not. */
export function isThere(path: string): boolean {
  try {
    return lstatSync(path, { throwIfNoEntry: false }) !== undefined;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code !== "ENOTDIR";
  }
}
