/** Opens the logs of a run, and empties them in place. */
import { statSync } from "node:fs";
import { PARENT_LOG_NAME, PRIMARY_LOG_NAME } from "../log/log_file.ts";
import { likesServerLogName, openLogFile } from "../log/log_file.ts";
import type { LogFile } from "../log/log_file.ts";

/** The opened logs. */
export interface RunLogs {
  /** The parent's own log. */
  readonly log: LogFile;
  /** Number of logs that had lines of earlier roles. */
  readonly emptied: number;
}

/**
 * Opens all logs before it empties any: when another run has one of them, none is emptied. Throws
 * LikesError `log_unusable`.
 */
export function takeRunLogs(logDir: string, serverIds: readonly string[]): RunLogs {
  const log = openLogFile(logDir, PARENT_LOG_NAME);
  const names = [PRIMARY_LOG_NAME, ...serverIds.map(likesServerLogName)];
  const others = names.map((name) => openLogFile(logDir, name));
  const emptied = [log, ...others].filter(({ path }) => statSync(path).size > 0).length;
  for (const one of [log, ...others]) one.truncate();
  for (const one of others) one.close();
  return { log, emptied };
}
