/** Databases that a test creates or changes in ways that no role would. */
import { readdirSync, readlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { Database } from "../../src/store/sqlite/sqlite.ts";

/** Rows of `filled`, which take many pages. */
export const ROWS = 20_000;

/** Opens the database at `path`. Creates it when there is none. */
export function newDatabase(path: string): Database {
  writeFileSync(path, "", { flag: "a" });
  return new Database(path);
}

/** Runs `sql` in the database at `path`. Creates it when there is none. */
export function execIn(path: string, sql: string): void {
  const database = newDatabase(path);
  try {
    database.exec(sql);
  } finally {
    database.close();
  }
}

/** Creates a database whose table `t` has many pages. Returns its path. */
export function filled(path: string): string {
  const database = newDatabase(path);
  database.exec("CREATE TABLE t (a)");
  const add = database.prepare("INSERT INTO t VALUES (?)");
  database.transaction(() => {
    for (let row = 0; row < ROWS; row++) add.run("x".repeat(50));
  });
  database.close();
  return path;
}

/** Returns the open files of this process in `folder`; none where the system does not list them. */
export function openFiles(folder: string): readonly string[] {
  const descriptors = "/proc/self/fd";
  return readdirSync(descriptors).flatMap((name) => {
    try {
      const path = readlinkSync(join(descriptors, name));
      return path.startsWith(folder) ? [path] : [];
    } catch {
      return []; // closed meanwhile
    }
  });
}
