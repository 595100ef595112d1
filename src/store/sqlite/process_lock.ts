/**
 * A lock that one process holds at a time: an exclusive transaction on a small database beside the
 * guarded store. It is open as long as the process runs. However the process ends, the kernel
 * releases the lock; a file with a process id would go stale.
 */
import { lstatSync } from "node:fs";
import { assert } from "../../assert.ts";
import { Database, SqliteError } from "./sqlite.ts";
import { makeOwnFile, checkKindOfFile } from "./own_file.ts";

/** A lock that this process holds. */
export interface ProcessLock {
  /** Releases the lock. Does nothing when it is already released. */
  release(): void;
}

/**
 * Takes the lock at `path`. Returns undefined when another process holds it, for all of
 * `busyWaitMs`. Throws the error of the system or of SQLite, and LockError when `path` is not a
 * regular file.
 */
export function takeProcessLock(path: string, busyWaitMs = 0): ProcessLock | undefined {
  const found = lstatSync(path, { throwIfNoEntry: false });
  const refusal = found === undefined ? undefined : checkKindOfFile(found);
  if (refusal !== undefined) throw new LockError(`${path}: ${refusal}`);
  makeOwnFile(path);
  const database = new Database(path, { busyWaitMs });
  try {
    // Nothing is ever committed, and no journal file is needed. OFF would be silently refused: the
    // package opens databases in SQLite's defensive mode.
    const journal = database.pragma("journal_mode = MEMORY");
    assert(journal === "memory", `the lock's journal is in memory, not ${String(journal)}`);
    database.exec("BEGIN EXCLUSIVE");
  } catch (error) {
    database.close();
    if (error instanceof SqliteError && error.code === "SQLITE_BUSY") return undefined;
    throw error;
  }
  return { release: () => database.close() };
}

/** A lock cannot be taken, because its path is not a regular file. */
export class LockError extends Error {
  readonly code = "ENOTSUP";
}
