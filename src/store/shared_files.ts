/** The files of a data folder that belong to all of its stores. */
import { chmodSync, copyFileSync, existsSync } from "node:fs";
import { join } from "node:path";
import { makeFolder } from "./make_folder.ts";

/** The secret behind the pseudonyms of persons (secret_file.ts). */
export const SECRET_FILE = "persons.secret";
/** The tombstones of forgotten persons (tombstones.ts). It outlives the ledger's folder. */
export const FORGOTTEN_FILE = "persons.forgotten";
/** The keys of sites (site_keys.ts). */
export const SITE_KEYS_FILE = "sites.keys";

const NAMES = [SECRET_FILE, FORGOTTEN_FILE, SITE_KEYS_FILE];
const OWNER_ONLY = 0o600;

/** Copies those files that `dataDir` has. Returns their names. Throws the system's error. */
export function copySharedFiles(dataDir: string, destination: string): readonly string[] {
  const names = NAMES.filter((name) => existsSync(join(dataDir, name)));
  if (names.length > 0) makeFolder(destination);
  for (const name of names) {
    copyFileSync(join(dataDir, name), join(destination, name));
    chmodSync(join(destination, name), OWNER_ONLY);
  }
  return names;
}
