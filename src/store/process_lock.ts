/**
 * One process at a time: an exclusive transaction on a small database beside what it guards, open for
 * the life of the process. The kernel frees it with the process, however that ends, where a file with
 * a process id would lie.
 */
import Database from "better-sqlite3";

/** A lock that this process holds. */
export interface ProcessLock {
  /** Frees the lock. Harmless when it is free. */
  release(): void;
}

/** Takes the lock at `path`; undefined when another process holds it. */
export function takeProcessLock(path: string): ProcessLock | undefined {
  const database = new Database(path, { timeout: 0 });
  try {
    database.pragma("journal_mode = OFF"); // nothing is written, and nothing is left beside it
    database.exec("BEGIN EXCLUSIVE");
  } catch (error) {
    database.close();
    if (error instanceof Database.SqliteError && error.code === "SQLITE_BUSY") return undefined;
    throw error;
  }
  return { release: () => database.close() };
}
