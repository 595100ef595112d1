/** What went wrong with a database, and what a person can do about it. */
import { LikesError } from "../../errors.ts";
import { isFull } from "./disk_space.ts";
import { LockError } from "./process_lock.ts";
import { SqliteError } from "./sqlite.ts";
import type { SqliteKind } from "./sqlite_kind.ts";

/** Error codes of a disk, or of a folder, that takes no writes. */
const READ_ONLY = /^(?:EROFS|SQLITE_READONLY)/;
/** Error codes of a lock that somebody else has: plain, or while what a crash left is recovered. */
export const BUSY = /^SQLITE_BUSY/;
/** Error codes of bytes that no build wrote so. */
export const DAMAGED = /^SQLITE_(?:CORRUPT|NOTADB)/;

/** The LikesError for a store that is not as it was left: `found` says how, for people. */
export function damaged(
  path: string,
  kind: SqliteKind,
  found: string,
  cause?: unknown,
): LikesError {
  return new LikesError(
    "store_unusable",
    `Cannot open the ${kind.name} ${JSON.stringify(path)}: it is damaged: ${found}; put a copy of ` +
      `its folder back, or move the folder away and start without what was in it alone`,
    { cause },
  );
}

/** The LikesError for an error while opening, with the way out. Bugs stay as they are. */
export function openFailure(error: unknown, path: string, kind: SqliteKind): unknown {
  if (error instanceof LikesError || !isOutside(error)) return error;
  const { code, message } = error;
  const cannot = `Cannot open the ${kind.name} ${JSON.stringify(path)}:`;
  if (isFull(error, path)) {
    const text = `${cannot} the disk is full; free some space, or raise a quota`;
    return new LikesError("disk_full", text, { cause: error });
  }
  if (BUSY.test(code)) {
    const text = `${cannot} another program is writing to it; end that program`;
    return new LikesError("store_busy", text, { cause: error });
  }
  if (DAMAGED.test(code)) return damaged(path, kind, `${message} (${code})`, error);
  if (READ_ONLY.test(code)) {
    const text = `${cannot} its disk is read-only (${code}); make it writable, or name another folder`;
    return new LikesError("store_unusable", text, { cause: error });
  }
  if (code === "ENOTDIR") {
    const text = `${cannot} a part of that path is no folder (${code}); name another folder`;
    return new LikesError("store_unusable", text, { cause: error });
  }
  const text = `${cannot} ${message} (${code}); name another folder, or restore this one`;
  return new LikesError("store_unusable", text, { cause: error });
}

/** Whether an error came from the system, from SQLite or from a lock: from outside of this program. */
export function isOutside(error: unknown): error is Error & { readonly code: string } {
  if (!(error instanceof Error && "code" in error && typeof error.code === "string")) return false;
  return error instanceof SqliteError || error instanceof LockError || "syscall" in error;
}
