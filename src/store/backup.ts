/**
 * A copy of the store of a role, running or stopped, made by another process without the role's lock.
 *
 * SQLite's online backup copies the pages within one read transaction. So the copy is one commit,
 * however long it takes and whatever the role writes meanwhile; without that transaction it would begin
 * again at every commit of another process. The role's log grows for as long. `VACUUM INTO` gives as
 * consistent a copy, without free pages, but in one call that blocks its thread to the end: nobody sees
 * how far it is, or can end it. And it makes tables and indexes again instead of copying what is there,
 * while here each byte is that of the source, so that a copy that is verified vouches for the source.
 *
 * A copy is verified, marked as one, synced, and only then gets its name. It is one file, with no log.
 */
import { closeSync, fsyncSync, lstatSync, openSync } from "node:fs";
import { readdirSync, renameSync, rmSync, rmdirSync } from "node:fs";
import { dirname } from "node:path";
import { acceptedOf } from "../core/likes_server/outbox.ts";
import type { Accepted } from "../core/likes_server/outbox.ts";
import type { RecordCodec } from "../core/protocol/record.ts";
import type { Id } from "../core/protocol/ids.ts";
import type { FaultCode } from "../errors.ts";
import { LikesError } from "../errors.ts";
import { isFull } from "./sqlite/disk_space.ts";
import { metaOf } from "./ledger/ledger_columns.ts";
import { prepareLedger } from "./ledger/ledger_tables.ts";
import { makeFolder, syncFolder } from "./make_folder.ts";
import { readOutboxHead } from "./outbox/outbox_tables.ts";
import { FILE_MODE, checkKindOfFile } from "./sqlite/own_file.ts";
import { BUSY, DAMAGED, isOutside } from "./sqlite/sqlite_failures.ts";
import { databasePath, pragma, checkKind } from "./sqlite/sqlite_kind.ts";
import { Database } from "./sqlite/sqlite.ts";
import type { SqliteKind } from "./sqlite/sqlite_kind.ts";
import { storedInteger } from "./sqlite/stored_integer.ts";
import { verifyAllPages, verifySchema } from "./sqlite/verify_database.ts";
import { verifyAllRecords } from "./outbox/verify_records.ts";

/** Pages that are copied before anything else gets the thread: 1 MiB. */
const STEP_PAGES = 256;
/** How long an opening waits for another process that recovers what a crash left. */
const BUSY_WAIT_MS = 1_000;

/** What a backup needs to know. */
export interface BackupOptions {
  /** Kept in the copy: when it was made. */
  readonly nowUnixMs: number;
  /** By which an outbox's records are verified. */
  readonly codec: RecordCodec;
  /** Is told how many bytes are copied, of how many, to the last; what it throws ends the backup. */
  readonly onProgress?: ((copiedBytes: number, totalBytes: number) => void) | undefined;
}

/** What was copied: an outbox with all that it ever accepted, or a ledger as one commit left it. */
export type BackedUp = CopiedFile & (CopiedOutbox | CopiedLedger);

interface CopiedFile {
  readonly path: string;
  readonly bytes: number;
}

interface CopiedOutbox extends Accepted {
  readonly kind: "outbox";
  readonly id: Id;
  readonly serverId: string;
}

interface CopiedLedger {
  readonly kind: "ledger";
  readonly id: Id;
  readonly version: number;
  readonly totalLikes: bigint;
}

/**
 * Copies the store of `kind` in `folder` to `<destinationFolder>/<name>.sqlite`, for its owner alone,
 * and makes that folder when there is none. Throws LikesError `store_unusable` (there is no store, it
 * is damaged, or there is a file already), `store_older`, `store_newer`, `store_busy` or `disk_full`,
 * and leaves nothing behind then.
 */
export async function backUp(
  folder: string,
  kind: SqliteKind,
  destinationFolder: string,
  options: BackupOptions,
): Promise<BackedUp> {
  const path = databasePath(destinationFolder, kind);
  const made = `${path}.new`;
  let madeFolders: readonly string[] = [];
  let left: string | undefined;
  try {
    const source = databasePath(folder, kind);
    checkSource(source);
    madeFolders = makeFolder(dirname(path));
    checkNotTaken(path, "name a folder without one");
    checkNotTaken(made, "another backup goes on, or one was cut off: then remove that file");
    closeSync(openSync(made, "wx", FILE_MODE));
    left = made;
    await copyPages(source, made, kind, options);
    const copied = finish(made, kind, options);
    syncFile(made);
    renameSync(made, path);
    left = path;
    syncFolder(dirname(path));
    return { path, bytes: lstatSync(path).size, ...copied };
  } catch (error) {
    // Before what was copied is removed: then there may be space again.
    const reason = failure(error, `the ${kind.name} of ${JSON.stringify(folder)}`, made);
    for (const suffix of left === undefined ? [] : ["", "-journal", "-wal", "-shm"]) {
      rmSync(left + suffix, { force: true });
    }
    for (const made of madeFolders.toReversed()) removeEmpty(made);
    throw reason;
  }
}

/** Another backup may have begun to fill it meanwhile: then it stays. */
function removeEmpty(folder: string): void {
  if (readdirSync(folder).length === 0) rmdirSync(folder);
}

/** Why a copy is not made, with the way out. */
class BackupError extends Error {}

function checkSource(source: string): void {
  const found = lstatSync(source, { throwIfNoEntry: false });
  if (found === undefined)
    throw new BackupError("there is none; name the data folder of that role");
  const refusal = checkKindOfFile(found);
  if (refusal !== undefined) throw new BackupError(`${refusal}; name the data folder of that role`);
}

function checkNotTaken(path: string, wayOut: string): void {
  if (lstatSync(path, { throwIfNoEntry: false }) === undefined) return;
  throw new BackupError(`there is ${JSON.stringify(path)} already; ${wayOut}`);
}

async function copyPages(
  source: string,
  made: string,
  kind: SqliteKind,
  { onProgress }: BackupOptions,
): Promise<void> {
  const database = new Database(source, { isReadOnly: true, busyWaitMs: BUSY_WAIT_MS });
  try {
    const pageBytes = Number(pragma(database, "page_size"));
    database.exec("BEGIN");
    // This read begins the transaction that holds what is copied.
    if (checkKind(database, source, kind) === "new") throw unfitAs("it has no tables");
    await database.copyTo(made, STEP_PAGES, (copied, all) => {
      onProgress?.(copied * pageBytes, all * pageBytes);
    });
  } finally {
    database.close();
  }
}

/** Verifies the copy, marks it, and says what it holds. */
function finish(
  made: string,
  kind: SqliteKind,
  { nowUnixMs, codec }: BackupOptions,
): CopiedOutbox | CopiedLedger {
  const database = new Database(made);
  try {
    database.pragma("trusted_schema = OFF");
    // A file that needs no log can be read on a disk that takes no writes.
    database.pragma("journal_mode = DELETE");
    database.pragma("synchronous = FULL");
    const isOutbox = kind.name === "outbox";
    const found =
      verifyAllPages(database) ??
      verifySchema(database, kind) ??
      (isOutbox ? verifyAllRecords(database, codec) : undefined);
    if (found !== undefined) throw unfitAs(found);
    database.prepare(`UPDATE ${kind.name} SET copied_ms = ?`).run(storedInteger(nowUnixMs));
    return isOutbox ? copiedOutbox(database) : copiedLedger(database);
  } finally {
    database.close();
  }
}

function copiedOutbox(database: Database): CopiedOutbox {
  const { outboxId, serverId, purged, incarnations } = readOutboxHead(database);
  return { kind: "outbox", id: outboxId, serverId, ...acceptedOf(purged, incarnations) };
}

function copiedLedger(database: Database): CopiedLedger {
  const { ledgerId, meta } = prepareLedger(database);
  const { version, totalLikes } = metaOf(meta.get());
  return { kind: "ledger", id: ledgerId.get() ?? "", version, totalLikes };
}

function syncFile(path: string): void {
  const descriptor = openSync(path, "r+");
  try {
    fsyncSync(descriptor);
  } finally {
    closeSync(descriptor);
  }
}

function unfitAs(found: string): BackupError {
  return new BackupError(`it is damaged: ${found}; stop that role, and put an older copy back`);
}

/** The LikesError for what ended a backup of `store` to `made`. Bugs stay as they are. */
function failure(error: unknown, store: string, made: string): unknown {
  if (error instanceof LikesError) return error;
  const cannot = (code: FaultCode, found: string): LikesError =>
    new LikesError(code, `Cannot back up ${store}: ${found}`, { cause: error });
  if (error instanceof BackupError) return cannot("store_unusable", error.message);
  if (!isOutside(error)) return error;
  const { code } = error;
  if (isFull(error, made))
    return cannot("disk_full", "the disk is full; free some space, or raise a quota");
  if (BUSY.test(code)) return cannot("store_busy", "another program holds it; end that program");
  const told = `${error.message} (${code})`;
  if (DAMAGED.test(code)) return cannot("store_unusable", unfitAs(told).message);
  return cannot("store_unusable", `${told}; check both folders and their disks`);
}
