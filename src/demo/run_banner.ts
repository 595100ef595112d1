/** What a person can do with a run that has just begun. */
import { join } from "node:path";
import { formatDuration } from "../text/duration.ts";
import { countOf } from "../text/numbers.ts";
import { PORT_DEFAULT } from "../limits.ts";
import { PRIMARY_LOG_NAME } from "../log/log_file.ts";
import type { ChildView } from "./child.ts";
import { PRIMARY } from "./verdict.ts";

/** What the banner tells. */
export interface BannerView {
  /** All of them work. */
  readonly processes: readonly ChildView[];
  readonly seed: number;
  readonly itemId: string;
  readonly logDir: string;
  readonly dataDir: string;
  readonly durationMs: number;
  /** Logs that held lines of earlier roles, and were emptied. */
  readonly emptiedLogs: number;
}

/** Item ids that a shell and a command line take as they are. */
const PLAIN = /^\w[\w./:@-]*$/;

/** What the words of the table mean; short enough for a narrow terminal. */
const LEGEND = [
  "CONVERGED    the total has all likes that were given",
  "CATCHING_UP  likes are on their way to the total",
  "UNKNOWN      a process is silent: likes may be missing",
  "as of        all likes given before then are in the total",
  "everywhere   every process shows this total",
];

/** Addresses, processes, folders, what to try, and what the words mean; several lines. */
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
    `          kill -9 ${victim?.pid}  # ${victim?.name} is started again`,
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
  return emptied === 0 ? "" : `; ${countOf(emptied, "log")} of earlier roles emptied`;
}
