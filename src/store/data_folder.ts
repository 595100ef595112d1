/** Finds the stores in a data folder: one folder each, named after its role. */
import { lstatSync, readdirSync } from "node:fs";
import { join } from "node:path";
import { LikesError, messageOf } from "../errors.ts";
import { LEDGER_KIND } from "./ledger/ledger_tables.ts";
import { OUTBOX_KIND } from "./outbox/outbox_tables.ts";
import { databasePath } from "./sqlite/sqlite_kind.ts";
import type { SqliteKind } from "./sqlite/sqlite_kind.ts";

/** The folder of the ledger. No LikesServer may have this name. */
const PRIMARY = "primary";

/** A store, running or not. */
export interface FoundStore {
  /** `primary`, or the id of a LikesServer. */
  readonly name: string;
  readonly folder: string;
  readonly kind: SqliteKind;
}

/**
 * Returns whether `path` exists. A path that cannot be inspected counts as existing: a backup must
 * not silently leave out a store.
 */
function exists(path: string): boolean {
  try {
    return lstatSync(path, { throwIfNoEntry: false }) !== undefined;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code !== "ENOTDIR";
  }
}

/**
 * Returns the stores in `dataDir`: the ledger first, then the outboxes by name. Backing up in this
 * order makes no copy of an outbox older than the ledger's. Throws LikesError `store_unusable` when
 * the folder cannot be read or has no store.
 */
export function storesIn(dataDir: string): readonly FoundStore[] {
  const cannot = (found: string, cause?: unknown): LikesError => {
    const message =
      `Cannot find a store in ${JSON.stringify(dataDir)}: ${found}; give the --data-dir of a ` +
      "primary or of a LikesServer";
    return new LikesError("store_unusable", message, { cause });
  };
  let names: string[];
  try {
    names = readdirSync(dataDir);
  } catch (error) {
    const isAbsent = (error as NodeJS.ErrnoException).code === "ENOENT";
    throw cannot(isAbsent ? "the folder does not exist" : messageOf(error), error);
  }
  const outboxes = names.filter((name) => name !== PRIMARY).toSorted();
  const stores = [
    { name: PRIMARY, folder: join(dataDir, PRIMARY), kind: LEDGER_KIND },
    ...outboxes.map((name) => ({ name, folder: join(dataDir, name), kind: OUTBOX_KIND })),
  ].filter(({ folder, kind }) => exists(databasePath(folder, kind)));
  if (stores.length === 0) throw cannot("there is none");
  return stores;
}
