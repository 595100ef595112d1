/** The binary of SQLite, as its package brings it, and what is used of it. */
import { createRequire } from "node:module";
import { dirname } from "node:path";
import { LikesError } from "../../errors.ts";

/** What is used of the package. */
interface Package {
  readonly DatabaseSync: new (location: string, options: object) => NativeDatabase;
}

/** A connection. */
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

/** How far a copy is. */
export interface Progress {
  readonly totalPages: number;
  readonly remainingPages: number;
}

/** The class of its databases. */
export const { DatabaseSync } = load();

/**
 * Loads the binary of the package, as its entry does, but for the listeners of diagnostics: with those
 * each call of a statement asks whether there are any, for twice its time. Throws LikesError where
 * there is no binary.
 */
function load(): Package {
  const require = createRequire(import.meta.url);
  try {
    const manifest = require.resolve("@photostructure/sqlite/package.json");
    const loadBinary = createRequire(manifest)("node-gyp-build") as (folder: string) => Package;
    return loadBinary(dirname(manifest));
  } catch (error) {
    const message =
      `Cannot load SQLite: its package was not installed, or has no binary for ` +
      `${process.platform} on ${process.arch}; run npm ci, on x64 or arm64`;
    throw new LikesError("node_unfit", message, { cause: error });
  }
}
