/** Files of a store: regular ones, for their owner alone. */
import { accessSync, chmodSync, closeSync, constants, lstatSync, openSync } from "node:fs";
import type { Stats } from "node:fs";

/** For their owner alone. */
export const FILE_MODE = 0o600;
const CREATE = constants.O_CREAT | constants.O_RDWR | constants.O_NOFOLLOW;

/** Says why `found` cannot hold a database or a lock; nothing when it can. */
export function checkKindOfFile(found: Stats): string | undefined {
  // Two links would be two locks beside one database.
  if (found.isSymbolicLink()) return "it is a symbolic link";
  // A pipe would be waited for without end.
  return found.isFile() ? undefined : "it is not a file";
}

/**
 * Makes an empty file at `path`, or takes the one that is there. Throws the error of the system, also
 * when it cannot be written: SQLite would open it all the same, and fail later with another reason.
 */
export function makeOwnFile(path: string): void {
  const found = lstatSync(path, { throwIfNoEntry: false });
  if (found === undefined) return closeSync(openSync(path, CREATE, FILE_MODE));
  accessSync(path, constants.R_OK | constants.W_OK);
  keepToOwner(path, found);
}

/** Takes from `path` what others may do with it. */
export function keepToOwner(path: string, found: Stats): void {
  if ((found.mode & 0o777) !== FILE_MODE) chmodSync(path, FILE_MODE);
}
