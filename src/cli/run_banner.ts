/** What a person can do with a run that has just begun. */
import { PORT_DEFAULT } from "../limits.ts";
import type { RunReady } from "../orchestrator/run.ts";
import { formatDuration } from "./duration.ts";

/** What the banner tells. */
export interface BannerView extends RunReady {
  readonly seed: number;
  readonly logDir: string;
  readonly dataDir: string;
  readonly durationMs: number;
}

/** Addresses, folders, and the next command to try; several lines. */
export function runBanner(view: BannerView): string {
  const { primary, servers, seed, logDir, dataDir, durationMs } = view;
  const ids = Math.max(...servers.map(({ serverId }) => serverId.length));
  const where = primary.endsWith(`:${PORT_DEFAULT}`) ? "" : ` --primary ${primary}`;
  return [
    `${"primary".padEnd(ids)}  ${primary}`,
    ...servers.map(({ serverId, address }) => `${serverId.padEnd(ids)}  ${address}`),
    "",
    `seed      ${seed}`,
    `duration  ${formatDuration(durationMs)}`,
    `data      ${dataDir}`,
    `logs      ${logDir}`,
    `          tail -f ${logDir}/PrimaryLikesServer/log.txt`,
    `try       npx likes add video 5${where}`,
    "",
  ].join("\n");
}
