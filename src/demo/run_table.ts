/** The table of a run on a terminal: each process, and what the primary's status says about it. */
import { fitText } from "../text/escape.ts";
import { fittingTable, mostUrgent } from "../cli/fitting_table.ts";
import type { Color, FittingColumn, FittingShape } from "../cli/fitting_table.ts";
import { formatCount } from "../text/numbers.ts";
import { STATUS_COLUMNS, awayText, statusHead, statusTroubles } from "../cli/status_text.ts";
import type { ServerStatus, Status } from "../core/primary/status.ts";
import type { ChildView } from "./child.ts";
import type { Silence } from "./status_watch.ts";
import { PRIMARY } from "./verdict.ts";

/** What the table shows. */
export interface RunTableView {
  /** The primary first. */
  readonly processes: readonly ChildView[];
  /** The primary's newest answer, or its silence. */
  readonly latest: Status | Silence;
}

/** The size and colors of the terminal. */
export interface RunTableOptions {
  /** Width of the terminal, in columns. */
  readonly columns: number;
  /** Lines available. */
  readonly lines: number;
  readonly color: boolean;
}

/** Rows shown however small the terminal is. */
const ROWS_MIN = 3;
/** Lines besides the rows, head and troubles: two blank lines, the titles, and `… and N more`. */
const TABLE_LINES_AROUND = 4;

/** A process of the run, or a member that was started by hand. */
interface Row {
  readonly name: string;
  readonly child: ChildView | undefined;
  /** Its status; undefined for the primary, and while the primary does not answer. */
  readonly server: ServerStatus | undefined;
  /** Set for the primary only. The total is undefined while it does not answer. */
  readonly primary: { readonly totalLikes: bigint | undefined } | undefined;
}

const { state, address, pending, accepted, applied, shows, silent } = STATUS_COLUMNS;

const RUN_SHAPE: FittingShape<Row> = {
  columns: [
    { title: "process", align: "left", cell: ({ name, server }) => nameText(name, server) },
    { title: state.title, align: "left", cell: stateText, color: stateColor },
    { title: "pid", align: "right", cell: ({ child }) => String(child?.pid ?? "") },
    { title: "restarts", align: "right", cell: ({ child }) => String(child?.restarts ?? "") },
    { ...address, cell: addressText },
    ofServer(pending),
    ofServer(accepted),
    ofServer(applied),
    { ...shows, cell: showsText },
    ofServer(silent),
  ],
  droppedFirst: ["address", "silent", "applied", "accepted", "shows", "pending"],
};

/** Returns the status's headline, one row per process, and the troubles, to fit the terminal. */
export function runTable(view: RunTableView, options: RunTableOptions): string {
  const { latest } = view;
  const { columns, lines, color } = options;
  const isSilent = "silentMs" in latest;
  const head = isSilent
    ? awayText(latest.status, latest.silentMs, { columns, color, reason: latest.reason }).split(
        "\n",
      )
    : statusHead(latest, options);
  const troubles = isSilent ? [] : statusTroubles(latest, columns);
  const below = troubles.length > 0 ? ["", ...troubles] : [];
  const room = lines - head.length - below.length - TABLE_LINES_AROUND;
  const all = rowsOf(view);
  const rows = mostUrgent(all, Math.max(room, ROWS_MIN), (a, b) => urgency(b) - urgency(a));
  const hidden = all.length - rows.length;
  const more = hidden > 0 ? [fitText(`… and ${formatCount(hidden)} more`, columns)] : [];
  const table = fittingTable(RUN_SHAPE, rows, { width: columns, color });
  return [...head, "", ...table, ...more, ...below].join("\n");
}

function rowsOf({ processes, latest }: RunTableView): Row[] {
  const status = "silentMs" in latest ? undefined : latest;
  const names = new Set(processes.map(({ name }) => name));
  const others = (status?.servers ?? []).filter(({ serverId }) => !names.has(serverId));
  return [
    ...processes.map((child) => ({
      name: child.name,
      child,
      server: status?.servers.find(({ serverId }) => serverId === child.name),
      primary: child.name === PRIMARY ? { totalLikes: status?.totalLikes } : undefined,
    })),
    ...others.map((server) => {
      return { name: server.serverId, child: undefined, server, primary: undefined };
    }),
  ];
}

function ofServer(column: FittingColumn<ServerStatus>): FittingColumn<Row> {
  const { title, align, cell } = column;
  return { title, align, cell: ({ server }) => (server === undefined ? "" : cell(server)) };
}

function nameText(name: string, server: ServerStatus | undefined): string {
  return server === undefined ? name : STATUS_COLUMNS.id.cell(server);
}

function addressText({ child, server }: Row): string {
  return child?.address ?? (server === undefined ? "" : address.cell(server));
}

function showsText({ primary, server }: Row): string {
  if (primary?.totalLikes !== undefined) return formatCount(primary.totalLikes);
  return server === undefined ? "" : shows.cell(server);
}

/** Returns the state of a process. The parent knows a death first; the primary knows the rest. */
function stateText({ child, server, primary }: Row): string {
  if (child !== undefined && child.state !== "listening") return child.state;
  if (primary !== undefined && primary.totalLikes === undefined) return "silent";
  return server === undefined ? "up" : state.cell(server);
}

function stateColor(row: Row): Color {
  const { child, server } = row;
  if (child !== undefined && child.state !== "listening") return "red";
  if (server !== undefined) return state.color(server);
  return stateText(row) === "silent" ? "yellow" : "green";
}

/** Returns a rank; higher ranks come first. A process that is away has the highest rank. */
function urgency({ child, server, primary }: Row): number {
  const isAway = child !== undefined && child.state !== "listening";
  const isTroubled = server !== undefined && (server.troubleCount > 0 || server.state === "silent");
  const wasRestarted = child !== undefined && child.restarts > 0;
  if (isAway) return 4;
  if (isTroubled) return 3;
  return primary !== undefined ? 2 : wasRestarted ? 1 : 0;
}
