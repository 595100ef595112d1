/** The secret behind the pseudonyms of persons: `persons.secret` in the data folder. */
import { randomBytes } from "node:crypto";
import { linkSync, openSync, readFileSync, unlinkSync, writeFileSync } from "node:fs";
import { closeSync, fsyncSync } from "node:fs";
import { join } from "node:path";
import { LikesError, messageOf } from "../errors.ts";
import { makeFolder, syncFolder } from "./make_folder.ts";
import { SECRET_FILE } from "./shared_files.ts";

const SECRET_BYTES = 32;
const OWNER_ONLY = 0o600;

/**
 * Returns the secret of `dataDir`, and makes it if there is none: several processes that start
 * together get the same one. Throws LikesError `store_unusable`.
 */
export function secretIn(dataDir: string): Uint8Array {
  const path = join(dataDir, SECRET_FILE);
  try {
    return read(path) ?? make(dataDir, path);
  } catch (error) {
    if (error instanceof LikesError) throw error;
    const message = `Cannot use the secret in ${JSON.stringify(path)}: ${messageOf(error)}`;
    throw new LikesError("store_unusable", message, { cause: error });
  }
}

function read(path: string): Uint8Array | undefined {
  let text: string;
  try {
    text = readFileSync(path, "utf8").trim();
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ENOENT") return undefined;
    throw error;
  }
  if (/^[0-9a-f]{64}$/.test(text)) return Buffer.from(text, "hex");
  const message =
    `Cannot use the secret in ${JSON.stringify(path)}: it is not ${2 * SECRET_BYTES} hexadecimal ` +
    "digits; restore it from a backup, because with another one each person counts again";
  throw new LikesError("store_unusable", message);
}

/** Makes a whole file before it gets its name: whoever finds the name finds the secret. */
function make(dataDir: string, path: string): Uint8Array {
  makeFolder(dataDir);
  const draft = `${path}.${process.pid}`;
  writeFileSync(draft, `${randomBytes(SECRET_BYTES).toString("hex")}\n`, { mode: OWNER_ONLY });
  sync(draft);
  try {
    linkSync(draft, path);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== "EEXIST") throw error;
  } finally {
    unlinkSync(draft);
  }
  syncFolder(dataDir);
  const made = read(path);
  if (made === undefined) throw new Error("it was removed while it was made");
  return made;
}

function sync(path: string): void {
  const descriptor = openSync(path, "r");
  try {
    fsyncSync(descriptor);
  } finally {
    closeSync(descriptor);
  }
}
