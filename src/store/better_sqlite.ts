/**
 * SQLite for this Node: one of two releases of one package.
 *
 * Release 13 is built on version 10 of Node-API, which Node 20 lacks: it crashes there. Release 12
 * aborts on Node 24.19 and newer when a garbage collection of its own accord finds a statement. So
 * neither serves all. Release 13 is an optional dependency, which npm leaves out on Node 20; release 12
 * is built by `npm run build:sqlite` on Node 20 alone.
 */
import { createRequire } from "node:module";
import type BetterSqlite from "better-sqlite3";
import { LikesError } from "../errors.ts";

const NODE_API_MIN = 10;

const require = createRequire(import.meta.url);

/** What better-sqlite3 exports: the class of its databases. Its types are those of the package. */
export const Sqlite = load();

/** Loads it and opens a database, because nothing native is loaded before. Throws LikesError. */
function load(): typeof BetterSqlite {
  try {
    const loaded = (
      Number(process.versions["napi"]) >= NODE_API_MIN
        ? require("better-sqlite3")
        : require("better-sqlite3-12")
    ) as typeof BetterSqlite;
    new loaded(":memory:").close();
    return loaded;
  } catch (error) {
    const node = process.versions.node;
    const message = `Cannot load SQLite: it was not installed for Node ${node}; run: npm ci`;
    throw new LikesError("node_unfit", message, { cause: error });
  }
}
