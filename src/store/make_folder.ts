/**
 * Creates folders that survive a power cut. `mkdir` with `recursive` is not used: in a file system
 * that refuses new folders, such as /proc, Node 20 retries for ever.
 */
import { closeSync, existsSync, fsyncSync, mkdirSync, openSync } from "node:fs";
import { dirname, resolve } from "node:path";

/** Accessible by the owner only. */
export const FOLDER_MODE = 0o700;

/**
 * Creates `folder` and its missing parents, accessible by their owner only. Syncs each parent,
 * which makes the new folder durable. Returns the created folders, outermost first. Throws the
 * system's error.
 */
export function makeFolder(folder: string): readonly string[] {
  const path = resolve(folder);
  if (existsSync(path)) return [];
  const made = makeFolder(dirname(path));
  const isMade = makeOne(path);
  syncFolder(dirname(path));
  return isMade ? [...made, path] : made;
}

/** Syncs `folder`, which makes the names in it durable. Throws the system's error. */
export function syncFolder(folder: string): void {
  const descriptor = openSync(folder, "r");
  try {
    fsyncSync(descriptor);
  } finally {
    closeSync(descriptor);
  }
}

/** Creates one folder. Returns false when another process has created it meanwhile. */
function makeOne(path: string): boolean {
  try {
    mkdirSync(path, { mode: FOLDER_MODE });
    return true;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== "EEXIST") throw error;
    return false;
  }
}
