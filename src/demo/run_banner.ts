/** What a run prints when it begins: its processes, its folders, and commands to try. */
import { join } from "node:path";
import { formatDuration } from "../text/duration.ts";
import { countOf } from "../text/numbers.ts";
import { PORT_DEFAULT } from "../limits.ts";
import { PRIMARY_LOG_NAME } from "../log/log_file.ts";
import type { ChildView } from "./child.ts";
import { PRIMARY } from "./verdict.ts";

/** What the banner shows. */
export interface BannerView {
  /** The primary first; all are ready. */
  readonly processes: readonly ChildView[];
  readonly seed: number;
  readonly itemId: string;
  readonly logDir: string;
  readonly dataDir: string;
  readonly durationMs: number;
  /** Number of logs that had lines of earlier roles and were emptied. */
  readonly emptiedLogs: number;
}

/** Item ids that need no quoting in a shell. */
const PLAIN = /^\w[\w./:@-]*$/;

/** The terms of the table, explained in lines that fit a narrow terminal. */
const LEGEND = [
  "CONVERGED    the total includes every accepted like",
  "CATCHING_UP  some accepted likes are not in the total yet",
  "UNKNOWN      a process is silent: likes may be missing",
  "as of        the total includes every like accepted before then",
  "everywhere   every process shows this total",
];

/** Returns the banner, in several lines. */
export function runBanner(view: BannerView): string {
  const { processes, seed, itemId, logDir, dataDir, durationMs } = view;
  const primary = processes.find(({ name }) => name === PRIMARY)?.address ?? "";
  const victim = processes.at(-1);
  const item = PLAIN.test(itemId) ? itemId : "video";
  const where = primary === `127.0.0.1:${PORT_DEFAULT}` ? "" : ` --primary ${primary}`;
  return [
    ...processRows(processes),
    "",
    `seed      ${seed}`,
    `duration  ${formatDuration(durationMs)}`,
    `data      ${dataDir}`,
    `logs      ${logDir}${emptiedText(view.emptiedLogs)}`,
    `          tail -f ${join(logDir, PRIMARY_LOG_NAME, "log.txt")}`,
    `try       npx likes add ${item} 5${where}`,
    `          kill -9 ${victim?.pid}  # ${victim?.name} will be restarted`,
    "",
    ...LEGEND,
    "",
  ].join("\n");
}

function processRows(processes: readonly ChildView[]): string[] {
  const names = Math.max(...processes.map(({ name }) => name.length));
  const addresses = Math.max(...processes.map(({ address }) => address.length));
  return processes.map(({ name, address, pid }) => {
    return `${name.padEnd(names)}  ${address.padEnd(addresses)}  pid ${pid ?? "none"}`;
  });
}

function emptiedText(emptied: number): string {
  return emptied === 0 ? "" : `; emptied ${countOf(emptied, "log")} of earlier roles`;
}
