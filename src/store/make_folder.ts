/**
 * Folders that last. `mkdir` with `recursive` is not used: in a file system that refuses new folders,
 * such as /proc, Node 20 tries again for ever.
 */
import { closeSync, existsSync, fsyncSync, mkdirSync, openSync } from "node:fs";
import { dirname, resolve } from "node:path";

/** For their owner alone. */
export const FOLDER_MODE = 0o700;

/**
 * Makes `folder` and those above it that do not exist, for their owner alone. A new folder lasts when
 * the one above it is synced, and so it is. Returns those that it made, the outermost first. Throws the
 * error of the system.
 */
export function makeFolder(folder: string): readonly string[] {
  const path = resolve(folder);
  if (existsSync(path)) return [];
  const made = makeFolder(dirname(path));
  const isMade = makeOne(path);
  syncFolder(dirname(path));
  return isMade ? [...made, path] : made;
}

/** Makes the names in `folder` last. Throws the error of the system. */
export function syncFolder(folder: string): void {
  const descriptor = openSync(folder, "r");
  try {
    fsyncSync(descriptor);
  } finally {
    closeSync(descriptor);
  }
}

/** Makes one folder; false when another process has made it meanwhile. */
function makeOne(path: string): boolean {
  try {
    mkdirSync(path, { mode: FOLDER_MODE });
    return true;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== "EEXIST") throw error;
    return false;
  }
}
