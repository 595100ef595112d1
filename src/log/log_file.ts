/**
 * A role's log: plain lines, local time first, made for `tail -f`.
 *
 * Lines are written synchronously and in order, so that a killed process loses none. The file is
 * truncated in place, never renamed, so that a running `tail -f` keeps following. At its bound, its
 * content is first copied to `log.old.txt`. The folder may lie in a world-writable directory, so a
 * symbolic link or another user's folder is rejected, and the file is opened without following
 * links. A cleaner of temporary files may remove the log, so each line first checks that the file
 * still has its name, and otherwise opens it again.
 */
import { chmodSync, closeSync, constants, ftruncateSync, lstatSync } from "node:fs";
import { copyFileSync, fstatSync, openSync, rmSync, writeSync } from "node:fs";
import { dirname, join } from "node:path";
import { escapeText } from "../text/escape.ts";
import { LikesError, messageOf } from "../errors.ts";
import { LOG_BYTES_MAX } from "../limits.ts";
import { localTime } from "../text/local_time.ts";
import { countOf } from "../text/numbers.ts";
import { FOLDER_MODE, makeFolder } from "../store/make_folder.ts";
import { takeProcessLock } from "../store/sqlite/process_lock.ts";
import type { ProcessLock } from "../store/sqlite/process_lock.ts";

const FILE_MODE = 0o600;
const NAME = "log.txt";
const OLD_NAME = "log.old.txt";
const APPEND = constants.O_APPEND | constants.O_CREAT | constants.O_WRONLY | constants.O_NOFOLLOW;

/** A log of lines for people. */
export interface Log {
  line(text: string): void;
}

/** The open file and lock of a log. */
interface OpenLog {
  readonly descriptor: number;
  readonly lock: ProcessLock;
  /** The file ids of the log and its lock at opening. */
  readonly files: readonly [string, string];
}

/** An open log file, locked by this process. */
export class LogFile implements Log {
  readonly path: string;
  readonly #folder: string;
  /** Undefined while it cannot be reopened, and once closed. */
  #opened: OpenLog | undefined;
  #isClosed = false;
  #bytes: number;
  #lostLines = 0;

  /** Opens the log in `folder`. Throws LikesError `log_unusable`, or the system's error. */
  constructor(folder: string) {
    this.path = join(folder, NAME);
    this.#folder = folder;
    this.#opened = open(folder);
    this.#bytes = fstatSync(this.#opened.descriptor).size;
  }

  /**
   * Writes a line now. A failure must not stop the role: the next line that succeeds reports it.
   */
  line(text: string): void {
    try {
      this.#reopenIfRemoved();
      if (this.#lostLines > 0) this.#write(lostText(this.#lostLines));
      this.#lostLines = 0;
      this.#write(text);
    } catch {
      this.#lostLines++;
    }
  }

  /** Empties the file in place. */
  truncate(): void {
    if (this.#opened !== undefined) ftruncateSync(this.#opened.descriptor);
    this.#bytes = 0;
  }

  close(): void {
    this.#isClosed = true;
    this.#release();
  }

  #release(): void {
    const opened = this.#opened;
    this.#opened = undefined;
    if (opened === undefined) return;
    closeSync(opened.descriptor);
    opened.lock.release();
  }

  /** Checks the lock too: without it, another process could log to the same file. */
  #reopenIfRemoved(): void {
    const [file, lock] = this.#opened?.files ?? [];
    const isThere = file === fileId(this.path) && lock === fileId(lockOf(this.#folder));
    if (this.#isClosed || isThere) return;
    this.#release();
    this.#opened = open(this.#folder);
    this.#bytes = fstatSync(this.#opened.descriptor).size;
    this.#write("this log or its lock was removed; the log continues here");
  }

  #write(text: string): void {
    const { descriptor } = this.#opened ?? {};
    if (descriptor === undefined) throw new Error(`Cannot write ${this.path}: it is closed`);
    // A person may have truncated the log meanwhile.
    if (this.#bytes >= LOG_BYTES_MAX) this.#bytes = fstatSync(descriptor).size;
    if (this.#bytes >= LOG_BYTES_MAX) this.#startOver();
    this.#bytes += writeSync(descriptor, `${localTime(Date.now())} ${escapeText(text)}\n`);
  }

  /** Copies the file over `log.old.txt` and empties it. */
  #startOver(): void {
    const old = join(dirname(this.path), OLD_NAME);
    rmSync(old, { force: true, recursive: true });
    try {
      copyFileSync(this.path, old, constants.COPYFILE_EXCL);
    } catch {
      rmSync(old, { force: true }); // half a copy would mislead, and the log must stay bounded
    }
    this.truncate();
  }
}

/**
 * Opens `<logDir>/<name>/log.txt` to append. Throws LikesError `log_unusable` when the folder
 * cannot be trusted or another process logs there.
 */
export function openLogFile(logDir: string, name: string): LogFile {
  const folder = join(logDir, name);
  try {
    return new LogFile(folder);
  } catch (error) {
    throw error instanceof LikesError ? error : unusable(folder, messageOf(error), error);
  }
}

function open(folder: string): OpenLog {
  makeOwnFolder(folder);
  const lock = takeProcessLock(lockOf(folder));
  if (lock === undefined) throw unusable(folder, "another process logs there");
  try {
    const path = join(folder, NAME);
    const descriptor = openSync(path, APPEND, FILE_MODE);
    return { descriptor, lock, files: [fileId(path), fileId(lockOf(folder))] };
  } catch (error) {
    lock.release();
    throw error;
  }
}

function lostText(lines: number): string {
  return `${countOf(lines, "line")} before this could not be written`;
}

function lockOf(folder: string): string {
  return join(folder, "log.lock");
}

/** Returns device and inode of the file at `path`; empty without one. */
function fileId(path: string): string {
  const stats = lstatSync(path, { throwIfNoEntry: false });
  return stats === undefined ? "" : `${stats.dev}:${stats.ino}`;
}

/** Returns the folder of a LikesServer's log: `LikesServer3` for `likes-server-3`. */
export function likesServerLogName(serverId: string): string {
  const [, number] = /^likes-server-(0|[1-9]\d*)$/.exec(serverId) ?? [];
  return number === undefined ? `LikesServer-${serverId}` : `LikesServer${number}`;
}

/** The log folder of the primary. */
export const PRIMARY_LOG_NAME = "PrimaryLikesServer";
/** The log folder of the process that forks the others. */
export const PARENT_LOG_NAME = "ParentProcessStatus";

function makeOwnFolder(folder: string): void {
  const found = lstatSync(folder, { throwIfNoEntry: false });
  if (found === undefined) return void makeFolder(folder);
  if (found.isSymbolicLink()) throw unusable(folder, "it is a symbolic link");
  if (!found.isDirectory()) throw unusable(folder, "it is not a folder");
  if (found.uid !== process.getuid?.()) throw unusable(folder, "it belongs to another user");
  if ((found.mode & 0o777) !== FOLDER_MODE) chmodSync(folder, FOLDER_MODE);
}

function unusable(folder: string, why: string, cause?: unknown): LikesError {
  const message = `Cannot log in ${JSON.stringify(folder)}: ${why}; choose another --log-dir`;
  return new LikesError("log_unusable", message, { cause });
}
