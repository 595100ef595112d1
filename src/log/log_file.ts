/**
 * A role's log: plain lines, local time first, made for `tail -f`.
 *
 * Lines are written at once and in order, so that none is lost when the process is killed. A file is
 * truncated in place, never renamed, so that a running `tail -f` keeps following: also when it has
 * grown to its bound, where what it held becomes `log.old.txt` first. The folder may lie
 * in a directory that everyone can write to, so one that is a symbolic link or somebody else's is
 * refused, and the file is opened without following links.
 */
import { chmodSync, closeSync, constants, ftruncateSync, lstatSync } from "node:fs";
import { copyFileSync, fstatSync, openSync, rmSync, writeSync } from "node:fs";
import { dirname, join } from "node:path";
import { escapeText } from "../cli/escape.ts";
import { LikesError, messageOf } from "../errors.ts";
import { LOG_BYTES_MAX } from "../limits.ts";
import { localTime } from "../local_time.ts";
import { FOLDER_MODE, makeFolder } from "../store/make_folder.ts";
import { takeProcessLock } from "../store/process_lock.ts";
import type { ProcessLock } from "../store/process_lock.ts";

const FILE_MODE = 0o600;
const OLD_NAME = "log.old.txt";
const APPEND = constants.O_APPEND | constants.O_CREAT | constants.O_WRONLY | constants.O_NOFOLLOW;

/** Takes lines for people. */
export interface Log {
  line(text: string): void;
}

/** An open log file, held by this process alone. */
export class LogFile implements Log {
  readonly path: string;
  readonly #descriptor: number;
  readonly #lock: ProcessLock;
  #bytes: number;
  #lostLines = 0;

  constructor(path: string, descriptor: number, lock: ProcessLock) {
    this.path = path;
    this.#descriptor = descriptor;
    this.#lock = lock;
    this.#bytes = fstatSync(descriptor).size;
  }

  /** Writes a line now. A log that cannot be written must not stop the count: it says so later. */
  line(text: string): void {
    try {
      if (this.#lostLines > 0) this.#write(`${this.#lostLines} lines could not be written before`);
      this.#lostLines = 0;
      this.#write(text);
    } catch {
      this.#lostLines++;
    }
  }

  /** Empties the file in place. */
  truncate(): void {
    ftruncateSync(this.#descriptor);
    this.#bytes = 0;
  }

  close(): void {
    closeSync(this.#descriptor);
    this.#lock.release();
  }

  #write(text: string): void {
    // Somebody may have cut it meanwhile, as people do with logs.
    if (this.#bytes >= LOG_BYTES_MAX) this.#bytes = fstatSync(this.#descriptor).size;
    if (this.#bytes >= LOG_BYTES_MAX) this.#startOver();
    this.#bytes += writeSync(this.#descriptor, `${localTime(Date.now())} ${escapeText(text)}\n`);
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
    makeOwnFolder(folder);
    const lock = takeProcessLock(join(folder, "log.lock"));
    if (lock === undefined) throw unusable(folder, "another run logs there");
    try {
      const path = join(folder, "log.txt");
      return new LogFile(path, openSync(path, APPEND, FILE_MODE), lock);
    } catch (error) {
      lock.release();
      throw error;
    }
  } catch (error) {
    throw error instanceof LikesError ? error : unusable(folder, messageOf(error), error);
  }
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
