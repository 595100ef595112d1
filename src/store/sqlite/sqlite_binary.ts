/** Loads the SQLite binary of its package, and declares the part of its API that is used. */
import { createRequire } from "node:module";
import { dirname } from "node:path";
import { LikesError } from "../../errors.ts";

/** The used exports of the package. */
interface Package {
  readonly DatabaseSync: new (location: string, options: object) => NativeDatabase;
}

/** A database connection. */
export interface NativeDatabase {
  readonly isOpen: boolean;
  readonly isTransaction: boolean;
  exec(sql: string): void;
  prepare(sql: string): NativeStatement;
  backup(path: string, options: object): Promise<number>;
  close(): void;
}

/** A prepared statement. */
export interface NativeStatement {
  readonly sourceSQL: string;
  get(...values: readonly unknown[]): NativeRow | undefined;
  all(...values: readonly unknown[]): readonly NativeRow[];
  iterate(...values: readonly unknown[]): Iterator<NativeRow, unknown, void>;
  columns(): readonly { readonly name: string }[];
  close(): void;
}

/** The columns of a row. */
export type NativeRow = readonly unknown[];

/** The progress of a copy. */
export interface Progress {
  readonly totalPages: number;
  readonly remainingPages: number;
}

/** The package's class of databases. */
export const { DatabaseSync } = load();

/**
 * Loads the binary as the package's entry does, but without diagnostics channels. With those, every
 * statement call checks for subscribers and takes twice as long. Throws LikesError `node_unfit`
 * when there is no binary.
 */
function load(): Package {
  const require = createRequire(import.meta.url);
  try {
    const manifest = require.resolve("@photostructure/sqlite/package.json");
    const loadBinary = createRequire(manifest)("node-gyp-build") as (folder: string) => Package;
    return loadBinary(dirname(manifest));
  } catch (error) {
    const message =
      `Cannot load SQLite: its package is not installed, or has no binary for ` +
      `${process.platform} on ${process.arch}; run npm ci, on x64 or arm64`;
    throw new LikesError("node_unfit", message, { cause: error });
  }
}
