/** What a person can do with a run that has just begun. */
import { join } from "node:path";
import { formatDuration } from "../cli/duration.ts";
import { PORT_DEFAULT } from "../limits.ts";
import { PRIMARY_LOG_NAME } from "../log/log_file.ts";
import type { RunReady } from "./processes.ts";

/** What the banner tells. */
export interface BannerView extends RunReady {
  readonly seed: number;
  readonly itemId: string;
  readonly logDir: string;
  readonly dataDir: string;
  readonly durationMs: number;
}

/** Item ids that a shell and a command line take as they are. */
const PLAIN = /^\w[\w./:@-]*$/;

/** Addresses, folders, and the next command to try; several lines. */
export function runBanner(view: BannerView): string {
  const { primary, servers, seed, itemId, logDir, dataDir, durationMs } = view;
  const ids = Math.max(...servers.map(({ serverId }) => serverId.length));
  const item = PLAIN.test(itemId) ? itemId : "video";
  const where = primary === `127.0.0.1:${PORT_DEFAULT}` ? "" : ` --primary ${primary}`;
  return [
    `${"primary".padEnd(ids)}  ${primary}`,
    ...servers.map(({ serverId, address }) => `${serverId.padEnd(ids)}  ${address}`),
    "",
    `seed      ${seed}`,
    `duration  ${formatDuration(durationMs)}`,
    `data      ${dataDir}`,
    `logs      ${logDir}`,
    `          tail -f ${join(logDir, PRIMARY_LOG_NAME, "log.txt")}`,
    `try       npx likes add ${item} 5${where}`,
    "",
  ].join("\n");
}
