/**
 * Whether a write failed for want of space.
 *
 * SQLite tells a full disk (ENOSPC) as SQLITE_FULL, and a quota that is used up (EDQUOT) as it tells
 * a broken disk. It treats both alike, up to that name. What it wrote of the transaction lacks the
 * frame that commits, which comes last, and is written over. The number of the system's error stays
 * inside SQLite. So a file beside the store is written: when that is refused for want of space, so
 * was the write before it. A disk that breaks while there is no space is taken for a full one. That
 * loses nothing: the transaction is undone all the same, nobody was told of it, and a sync that
 * fails still ends the role.
 */
import { Buffer } from "node:buffer";
import { rmSync, writeFileSync } from "node:fs";
import { constants } from "node:os";
import { FILE_MODE } from "./own_file.ts";

/** Error codes of a disk without space. */
const FULL = /^(?:ENOSPC|SQLITE_FULL)/;
/** Of a quota; Node has no name for it. */
const QUOTA_USED_UP = -constants.errno.EDQUOT;
/** A write that failed, for whatever reason but ENOSPC. Of a sync, or a shared page, it is another. */
const WRITE_FAILED = "SQLITE_IOERR_WRITE";
/** More than the last block that a quota may have left. */
const PROBE_BYTES = 65_536;

/** An error of the system or of SQLite. */
interface Coded {
  readonly code?: string | undefined;
  readonly errno?: number | undefined;
}

/** Whether `error` says that there was no space for what was written to the store at `path`. */
export function isFull(error: Coded, path: string): boolean {
  return isOfFullDisk(error) || (error.code === WRITE_FAILED && hasNoSpace(`${path}-space`));
}

function isOfFullDisk({ code = "", errno }: Coded): boolean {
  return FULL.test(code) || errno === QUOTA_USED_UP;
}

/** Writes a file at `path`, and removes it. */
function hasNoSpace(path: string): boolean {
  try {
    rmSync(path, { force: true });
    writeFileSync(path, Buffer.alloc(PROBE_BYTES), { flag: "wx", mode: FILE_MODE });
    return false;
  } catch (error) {
    return isOfFullDisk(error as NodeJS.ErrnoException);
  } finally {
    rmSync(path, { force: true });
  }
}
