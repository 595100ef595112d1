/**
 * A role's log: plain lines, local time first, made for `tail -f`.
 *
 * Lines are written at once and in order, so that none is lost when the process is killed. A file is
 * truncated in place, never renamed, so that a running `tail -f` keeps following: also when it has
 * grown to its bound, where what it held becomes `log.old.txt` first. The folder may lie
 * in a directory that everyone can write to, so one that is a symbolic link or somebody else's is
 * refused, and the file is opened without following links. A cleaner of temporary files may remove what
 * lies there, so each line looks whether the file still has its name: else it is opened anew.
 */
import { chmodSync, closeSync, constants, ftruncateSync, lstatSync } from "node:fs";
import { copyFileSync, fstatSync, openSync, rmSync, writeSync } from "node:fs";
import { dirname, join } from "node:path";
import { escapeText } from "../text/escape.ts";
import { LikesError, messageOf } from "../errors.ts";
import { LOG_BYTES_MAX } from "../limits.ts";
import { localTime } from "../text/local_time.ts";
import { FOLDER_MODE, makeFolder } from "../store/make_folder.ts";
import { takeProcessLock } from "../store/sqlite/process_lock.ts";
import type { ProcessLock } from "../store/sqlite/process_lock.ts";

const FILE_MODE = 0o600;
const NAME = "log.txt";
const OLD_NAME = "log.old.txt";
const APPEND = constants.O_APPEND | constants.O_CREAT | constants.O_WRONLY | constants.O_NOFOLLOW;

/** Takes lines for people. */
export interface Log {
  line(text: string): void;
}

/** What is open of a log. */
interface Opened {
  readonly descriptor: number;
  readonly lock: ProcessLock;
  /** What had the names of the log and of its lock when they were opened. */
  readonly files: readonly [string, string];
}

/** An open log file, held by this process alone. */
export class LogFile implements Log {
  readonly path: string;
  readonly #folder: string;
  /** Undefined while it cannot be opened anew, and once it is closed. */
  #opened: Opened | undefined;
  #isClosed = false;
  #bytes: number;
  #lostLines = 0;

  /** Opens it in `folder`. Throws LikesError `log_unusable`, or the error of the system. */
  constructor(folder: string) {
    this.path = join(folder, NAME);
    this.#folder = folder;
    this.#opened = open(folder);
    this.#bytes = fstatSync(this.#opened.descriptor).size;
  }

  /** Writes a line now. A log that cannot be written must not stop the count: it says so later. */
  line(text: string): void {
    try {
      this.#openIfRemoved();
      if (this.#lostLines > 0) this.#write(`${this.#lostLines} lines could not be written before`);
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
    this.#letGo();
  }

  #letGo(): void {
    const opened = this.#opened;
    this.#opened = undefined;
    if (opened === undefined) return;
    closeSync(opened.descriptor);
    opened.lock.release();
  }

  /** The lock too: without it another run could come to log in the same file. */
  #openIfRemoved(): void {
    const [file, lock] = this.#opened?.files ?? [];
    if (this.#isClosed || (file === found(this.path) && lock === found(lockOf(this.#folder))))
      return;
    this.#letGo();
    this.#opened = open(this.#folder);
    this.#bytes = fstatSync(this.#opened.descriptor).size;
    this.#write("somebody removed this log or its lock: it goes on here");
  }

  #write(text: string): void {
    const { descriptor } = this.#opened ?? {};
    if (descriptor === undefined) throw new Error(`Cannot write ${this.path}: it is closed`);
    // Somebody may have cut it meanwhile, as people do with logs.
    if (this.#bytes >= LOG_BYTES_MAX) this.#bytes = fstatSync(descriptor).size;
    if (this.#bytes >= LOG_BYTES_MAX) this.#startOver();
    this.#bytes += writeSync(descriptor, `${localTime(Date.now())} ${escapeText(text)}\n`);
  }

  /** Keeps what the file holds beside it, in place of what was kept before, and empties it. */
  #startOver(): void {
    const old = join(dirname(this.path), OLD_NAME);
    rmSync(old, { force: true, recursive: true });
    try {
      copyFileSync(this.path, old, constants.COPYFILE_EXCL);
    } catch {
      rmSync(old, { force: true }); // a half of it would mislead; a bounded log comes first
    }
    this.truncate();
  }
}

/**
 * Opens `<logDir>/<name>/log.txt` to append. Throws LikesError `log_unusable` when the folder cannot
 * be trusted or another process logs there.
 */
export function openLogFile(logDir: string, name: string): LogFile {
  const folder = join(logDir, name);
  try {
    return new LogFile(folder);
  } catch (error) {
    throw error instanceof LikesError ? error : unusable(folder, messageOf(error), error);
  }
}

function open(folder: string): Opened {
  makeOwnFolder(folder);
  const lock = takeProcessLock(lockOf(folder));
  if (lock === undefined) throw unusable(folder, "another run logs there");
  try {
    const path = join(folder, NAME);
    const descriptor = openSync(path, APPEND, FILE_MODE);
    return { descriptor, lock, files: [found(path), found(lockOf(folder))] };
  } catch (error) {
    lock.release();
    throw error;
  }
}

function lockOf(folder: string): string {
  return join(folder, "log.lock");
}

/** Which file has the name `path`: its number on its disk; empty when there is none. */
function found(path: string): string {
  const stats = lstatSync(path, { throwIfNoEntry: false });
  return stats === undefined ? "" : `${stats.dev}:${stats.ino}`;
}

/** The folder of a LikesServer's log: `LikesServer3` for `likes-server-3`. */
export function likesServerLogName(serverId: string): string {
  const [, number] = /^likes-server-(0|[1-9]\d*)$/.exec(serverId) ?? [];
  return number === undefined ? `LikesServer-${serverId}` : `LikesServer${number}`;
}

/** The folder of the primary's log. */
export const PRIMARY_LOG_NAME = "PrimaryLikesServer";
/** The folder of the log of the process that forks the others. */
export const PARENT_LOG_NAME = "ParentProcessStatus";

function makeOwnFolder(folder: string): void {
  const found = lstatSync(folder, { throwIfNoEntry: false });
  if (found === undefined) return void makeFolder(folder);
  if (found.isSymbolicLink()) throw unusable(folder, "it is a symbolic link");
  if (!found.isDirectory()) throw unusable(folder, "it is not a folder");
  if (found.uid !== process.getuid?.()) throw unusable(folder, "it belongs to someone else");
  if ((found.mode & 0o777) !== FOLDER_MODE) chmodSync(folder, FOLDER_MODE);
}

function unusable(folder: string, why: string, cause?: unknown): LikesError {
  const message = `Cannot log in ${JSON.stringify(folder)}: ${why}; choose another --log-dir`;
  return new LikesError("log_unusable", message, { cause });
}
