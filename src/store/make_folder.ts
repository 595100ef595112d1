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
 * the one above it is synced, and so it is. Throws the error of the system.
 */
export function makeFolder(folder: string): void {
  const path = resolve(folder);
  if (existsSync(path)) return;
  makeFolder(dirname(path));
  makeOne(path);
  syncFolder(dirname(path));
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

/** Makes one folder; another process may have made it meanwhile. */
function makeOne(path: string): void {
  try {
    mkdirSync(path, { mode: FOLDER_MODE });
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== "EEXIST") throw error;
  }
}
