/**
 * Backs up a role's store, running or stopped, from another process and without the role's lock.
 *
 * SQLite's online backup copies the pages within one read transaction. The copy is therefore the
 * state of one commit, whatever the role writes meanwhile. Without that transaction the backup
 * would restart at every commit of another process. The role's log grows until the backup ends.
 *
 * `VACUUM INTO` makes an equally consistent copy without free pages. But it is one blocking call,
 * with no progress and no way to abort. It also rebuilds tables and indexes. Here every byte is
 * copied from the source, so a verified copy vouches for the source too.
 *
 * A copy is verified, marked as a copy and synced before it gets its name. It is one file without a
 * log.
 */
import { closeSync, fsyncSync, lstatSync, openSync } from "node:fs";
import { readdirSync, renameSync, rmSync, rmdirSync } from "node:fs";
import { dirname } from "node:path";
import { assert } from "../assert.ts";
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

/** Pages per step, between which the event loop runs: 1 MiB. */
const STEP_PAGES = 256;
/** How long opening waits while another process recovers from a crash. */
const BUSY_WAIT_MS = 1_000;

/** Options of a backup. */
export interface BackupOptions {
  /** The time of the backup, which is stored in the copy. */
  readonly nowUnixMs: number;
  /** Verifies the records of an outbox. */
  readonly codec: RecordCodec;
  /** Called after each step and at the end. An error it throws aborts the backup. */
  readonly onProgress?: ((copiedBytes: number, totalBytes: number) => void) | undefined;
}

/** What was copied: an outbox with everything it ever accepted, or a ledger at one commit. */
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
 * Copies the store of `kind` in `folder` to `<destinationFolder>/<name>.sqlite`, readable by its
 * owner only. Creates that folder if needed. Throws LikesError `store_unusable` (no store, a
 * damaged one, or an existing destination), `store_older`, `store_newer`, `store_busy` or
 * `disk_full`. A failed backup leaves nothing behind.
 */
export async function backUp(
  folder: string,
  kind: SqliteKind,
  destinationFolder: string,
  options: BackupOptions,
): Promise<BackedUp> {
  const path = databasePath(destinationFolder, kind);
  const copy = `${path}.new`;
  let madeFolders: readonly string[] = [];
  let leftover: string | undefined;
  try {
    const source = databasePath(folder, kind);
    checkSource(source);
    madeFolders = makeFolder(dirname(path));
    checkNotTaken(path, "name a folder without one");
    checkNotTaken(copy, "another backup is running, or one was interrupted: then remove that file");
    closeSync(openSync(copy, "wx", FILE_MODE));
    leftover = copy;
    await copyPages(source, copy, kind, options);
    const copied = finish(copy, kind, options);
    syncFile(copy);
    renameSync(copy, path);
    leftover = path;
    syncFolder(dirname(path));
    return { path, bytes: lstatSync(path).size, ...copied };
  } catch (error) {
    // This tests for a full disk, so it comes before the copy is removed.
    const reason = failure(error, `the ${kind.name} of ${JSON.stringify(folder)}`, copy);
    for (const suffix of leftover === undefined ? [] : ["", "-journal", "-wal", "-shm"]) {
      rmSync(leftover + suffix, { force: true });
    }
    for (const made of madeFolders.toReversed()) removeEmpty(made);
    throw reason;
  }
}

/** Removes `folder`, unless another backup has put files there meanwhile. */
function removeEmpty(folder: string): void {
  if (readdirSync(folder).length === 0) rmdirSync(folder);
}

/** A backup that was not made. The message says why, and the way out. */
class BackupError extends Error {}

function checkSource(source: string): void {
  const found = lstatSync(source, { throwIfNoEntry: false });
  if (found === undefined)
    throw new BackupError("it does not exist; name the data folder of that role");
  const refusal = checkKindOfFile(found);
  if (refusal !== undefined) throw new BackupError(`${refusal}; name the data folder of that role`);
}

function checkNotTaken(path: string, wayOut: string): void {
  if (lstatSync(path, { throwIfNoEntry: false }) === undefined) return;
  throw new BackupError(`${JSON.stringify(path)} already exists; ${wayOut}`);
}

async function copyPages(
  source: string,
  copy: string,
  kind: SqliteKind,
  { onProgress }: BackupOptions,
): Promise<void> {
  const database = new Database(source, { isReadOnly: true, busyWaitMs: BUSY_WAIT_MS });
  try {
    const pageBytes = Number(pragma(database, "page_size"));
    database.exec("BEGIN");
    // This read starts the transaction, and with it the snapshot that is copied.
    if (checkKind(database, source, kind) === "new") throw corrupt("it has no tables");
    await database.copyTo(copy, STEP_PAGES, (copied, all) => {
      onProgress?.(copied * pageBytes, all * pageBytes);
    });
  } finally {
    database.close();
  }
}

/** Verifies the copy and marks it as one. Returns what it holds. */
function finish(
  copy: string,
  kind: SqliteKind,
  { nowUnixMs, codec }: BackupOptions,
): CopiedOutbox | CopiedLedger {
  const database = new Database(copy);
  try {
    database.pragma("trusted_schema = OFF");
    // A database without a log can be opened on a read-only disk.
    database.pragma("journal_mode = DELETE");
    database.pragma("synchronous = FULL");
    const isOutbox = kind.name === "outbox";
    const found =
      verifyAllPages(database) ??
      verifySchema(database, kind) ??
      (isOutbox ? verifyAllRecords(database, codec) : undefined);
    if (found !== undefined) throw corrupt(found);
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
  const id = ledgerId.get();
  assert(id !== undefined, "the ledger has its own row");
  return { kind: "ledger", id, version, totalLikes };
}

function syncFile(path: string): void {
  const descriptor = openSync(path, "r+");
  try {
    fsyncSync(descriptor);
  } finally {
    closeSync(descriptor);
  }
}

function corrupt(found: string): BackupError {
  return new BackupError(`it is damaged: ${found}; stop that role, and restore an older copy`);
}

/** Returns the LikesError for an error that ended a backup of `store`; a bug as it is. */
function failure(error: unknown, store: string, copy: string): unknown {
  if (error instanceof LikesError) return error;
  const cannot = (code: FaultCode, found: string): LikesError =>
    new LikesError(code, `Cannot back up ${store}: ${found}`, { cause: error });
  if (error instanceof BackupError) return cannot("store_unusable", error.message);
  if (!isOutside(error)) return error;
  const { code } = error;
  if (isFull(error, copy))
    return cannot("disk_full", "the disk is full; free some space, or raise a quota");
  if (BUSY.test(code))
    return cannot("store_busy", "another program has locked it; end that program");
  const found = `${error.message} (${code})`;
  if (DAMAGED.test(code)) return cannot("store_unusable", corrupt(found).message);
  return cannot("store_unusable", `${found}; check both folders and their disks`);
}
