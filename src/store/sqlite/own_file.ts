/** Files of a store: regular files that only their owner can access. */
import { accessSync, chmodSync, closeSync, constants, lstatSync, openSync } from "node:fs";
import type { Stats } from "node:fs";

/** Read and write for the owner only. */
export const FILE_MODE = 0o600;
const CREATE = constants.O_CREAT | constants.O_RDWR | constants.O_NOFOLLOW;

/** Returns why `found` cannot hold a database or a lock; undefined when it can. */
export function checkKindOfFile(found: Stats): string | undefined {
  // Two links to one database would have a lock each.
  if (found.isSymbolicLink()) return "it is a symbolic link";
  // Opening a pipe would block for ever.
  return found.isFile() ? undefined : "it is not a regular file";
}

/**
 * Creates an empty file at `path`, or keeps an existing one. Throws the system's error, even when
 * an existing file is merely read-only: SQLite would open it and fail later with a misleading
 * reason.
 */
export function makeOwnFile(path: string): void {
  const found = lstatSync(path, { throwIfNoEntry: false });
  if (found === undefined) return closeSync(openSync(path, CREATE, FILE_MODE));
  accessSync(path, constants.R_OK | constants.W_OK);
  keepToOwner(path, found);
}

/** Removes the permissions of other users on `path`. */
export function keepToOwner(path: string, found: Stats): void {
  if ((found.mode & 0o777) !== FILE_MODE) chmodSync(path, FILE_MODE);
}
