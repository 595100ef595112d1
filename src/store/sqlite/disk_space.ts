/**
 * Tells a write that failed for lack of space from one that failed on a broken disk.
 *
 * SQLite reports a full disk (ENOSPC) as SQLITE_FULL, but an exhausted quota (EDQUOT) like a broken
 * disk. Only the code differs: in both cases the log lacks the transaction's commit frame, which is
 * written last, and the next transaction overwrites the rest. SQLite does not expose the system's
 * error number. This file therefore writes a probe file beside the store. If the probe fails for
 * lack of space, that was the cause.
 *
 * A disk that breaks while it is also full counts as full. That is safe: the transaction is rolled
 * back and was not acknowledged, and a failed sync still ends the role.
 */
import { Buffer } from "node:buffer";
import { rmSync, writeFileSync } from "node:fs";
import { constants } from "node:os";
import { FILE_MODE } from "./own_file.ts";

/** Error codes of a full disk. */
const FULL = /^(?:ENOSPC|SQLITE_FULL)/;
/** The error number of an exhausted quota, for which Node has no code. */
const QUOTA_EXHAUSTED = -constants.errno.EDQUOT;
/**
 * A write that failed for any reason but ENOSPC. Syncs and shared memory have codes of their own.
 */
const WRITE_FAILED = "SQLITE_IOERR_WRITE";
/** More than the part of a block that may be left of a quota. */
const PROBE_BYTES = 65_536;

/** An error from the system or from SQLite. */
interface Coded {
  readonly code?: string | undefined;
  readonly errno?: number | undefined;
}

/** Returns whether `error` means that a write to the store at `path` found no space. */
export function isFull(error: Coded, path: string): boolean {
  return isOfFullDisk(error) || (error.code === WRITE_FAILED && hasNoSpace(`${path}-space`));
}

function isOfFullDisk({ code = "", errno }: Coded): boolean {
  return FULL.test(code) || errno === QUOTA_EXHAUSTED;
}

/** Writes a probe file at `path` and removes it. Returns whether it found no space. */
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
