/** Turns errors of opening a database into LikesErrors that say what to do. */
import { LikesError } from "../../errors.ts";
import { isFull } from "./disk_space.ts";
import { LockError } from "./process_lock.ts";
import { SqliteError } from "./sqlite.ts";
import type { SqliteKind } from "./sqlite_kind.ts";

/** Error codes of a read-only disk or folder. */
const READ_ONLY = /^(?:EROFS|SQLITE_READONLY)/;
/** Error codes of another program's lock: for a write, or while it recovers from a crash. */
export const BUSY = /^SQLITE_BUSY/;
/** Error codes of damage: bytes that no build can have written. */
export const DAMAGED = /^SQLITE_(?:CORRUPT|NOTADB)/;

/** Returns the LikesError for a damaged store. `found` describes the damage for people. */
export function damaged(
  path: string,
  kind: SqliteKind,
  found: string,
  cause?: unknown,
): LikesError {
  return new LikesError(
    "store_unusable",
    `Cannot open the ${kind.name} ${JSON.stringify(path)}: it is damaged: ${found}; restore a copy ` +
      `of its folder, or move the folder away and lose what only this store held`,
    { cause },
  );
}

/** Returns the LikesError for an error of opening, with the way out; a bug as it is. */
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
    const text = `${cannot} a part of that path is not a folder (${code}); name another folder`;
    return new LikesError("store_unusable", text, { cause: error });
  }
  const text = `${cannot} ${message} (${code}); name another folder, or restore this one`;
  return new LikesError("store_unusable", text, { cause: error });
}

/** Returns whether an error came from outside this program: the system, SQLite or a lock. */
export function isOutside(error: unknown): error is Error & { readonly code: string } {
  if (!(error instanceof Error && "code" in error && typeof error.code === "string")) return false;
  return error instanceof SqliteError || error instanceof LockError || "syscall" in error;
}
