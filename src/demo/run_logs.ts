/** The logs of a run: taken all together, and emptied in place. */
import { statSync } from "node:fs";
import { PARENT_LOG_NAME, PRIMARY_LOG_NAME } from "../log/log_file.ts";
import { likesServerLogName, openLogFile } from "../log/log_file.ts";
import type { LogFile } from "../log/log_file.ts";

/** What was taken. */
export interface RunLogs {
  /** The parent's own log. */
  readonly log: LogFile;
  /** How many logs held lines of earlier roles. */
  readonly emptied: number;
}

/**
 * Takes all logs before it empties the first: of one that another run holds, none is emptied. Throws
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
