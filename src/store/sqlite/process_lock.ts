/**
 * One process at a time: an exclusive transaction on a small database beside what it guards, open for
 * the life of the process. The kernel frees it with the process, however that ends, where a file with
 * a process id would lie.
 */
import { lstatSync } from "node:fs";
import { assert } from "../../assert.ts";
import { Database, SqliteError } from "./sqlite.ts";
import { makeOwnFile, checkKindOfFile } from "./own_file.ts";

/** A lock that this process holds. */
export interface ProcessLock {
  /** Frees the lock. Harmless when it is free. */
  release(): void;
}

/**
 * Takes the lock at `path`; undefined when another process holds it. Throws the error of the system
 * or of SQLite, and LockError when something else than a file is there.
 */
export function takeProcessLock(path: string): ProcessLock | undefined {
  const found = lstatSync(path, { throwIfNoEntry: false });
  const refusal = found === undefined ? undefined : checkKindOfFile(found);
  if (refusal !== undefined) throw new LockError(`${path}: ${refusal}`);
  makeOwnFile(path);
  const database = new Database(path, { busyWaitMs: 0 });
  try {
    // Nothing is ever committed, so no journal has to lie beside it. OFF would be refused without a
    // word: the package opens databases in SQLite's defensive mode.
    const journal = database.pragma("journal_mode = MEMORY");
    assert(journal === "memory", `the lock's journal is in memory and not ${String(journal)}`);
    database.exec("BEGIN EXCLUSIVE");
  } catch (error) {
    database.close();
    if (error instanceof SqliteError && error.code === "SQLITE_BUSY") return undefined;
    throw error;
  }
  return { release: () => database.close() };
}

/** No lock can be taken, because something else than a file is at its path. */
export class LockError extends Error {
  readonly code = "ENOTSUP";
}
