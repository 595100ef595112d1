/** A run as a terminal shows it: each process as its parent sees it, beside what the status says. */
import { fitText } from "../text/escape.ts";
import { fittingTable, mostUrgent } from "../cli/fitting_table.ts";
import type { Color, FittingColumn, FittingShape } from "../cli/fitting_table.ts";
import { formatCount } from "../text/numbers.ts";
import { STATUS_COLUMNS, awayText, statusHead, statusTroubles } from "../cli/status_text.ts";
import type { ServerStatus, Status } from "../core/primary/status.ts";
import type { ChildView } from "./child.ts";
import type { Silence } from "./status_watch.ts";
import { PRIMARY } from "./verdict.ts";

/** What is to be shown. */
export interface RunTableView {
  /** The primary first. */
  readonly processes: readonly ChildView[];
  /** What the primary said last, or that it does not answer. */
  readonly heard: Status | Silence;
}

/** Where it is shown. */
export interface RunTableOptions {
  /** Width of the terminal: no line is wider. */
  readonly columns: number;
  /** Lines that there is room for. */
  readonly lines: number;
  readonly color: boolean;
}

/** Rows that stay however little room there is. */
const ROWS_MIN = 3;
/** Lines that are not rows, besides the head and troubles: two blank ones, titles, what is hidden. */
const TABLE_LINES_AROUND = 4;

/** A process, a member that somebody started by hand, or both in one. */
interface Row {
  readonly name: string;
  readonly child: ChildView | undefined;
  /** What the status says of it; nothing for the primary, and while that does not answer. */
  readonly server: ServerStatus | undefined;
  /** Of the primary alone: the total, and whether it answers. */
  readonly primary: { readonly totalLikes: bigint | undefined } | undefined;
}

const { state, address, pending, accepted, applied, shows, silent } = STATUS_COLUMNS;

const SHAPE: FittingShape<Row> = {
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

/** The status's headline, a row a process, and what is in trouble; at most so many lines. */
export function runTable(view: RunTableView, options: RunTableOptions): string {
  const { heard } = view;
  const { columns, lines, color } = options;
  const isSilent = "silentMs" in heard;
  const head = isSilent
    ? awayText(heard.status, heard.silentMs, { columns, color, reason: heard.reason }).split("\n")
    : statusHead(heard, options);
  const troubles = isSilent ? [] : statusTroubles(heard, columns);
  const below = troubles.length > 0 ? ["", ...troubles] : [];
  const room = lines - head.length - below.length - TABLE_LINES_AROUND;
  const all = rowsOf(view);
  const rows = mostUrgent(all, Math.max(room, ROWS_MIN), (a, b) => urgency(b) - urgency(a));
  const hidden = all.length - rows.length;
  const more = hidden > 0 ? [fitText(`… and ${formatCount(hidden)} more`, columns)] : [];
  const table = fittingTable(SHAPE, rows, { width: columns, color });
  return [...head, "", ...table, ...more, ...below].join("\n");
}

function rowsOf({ processes, heard }: RunTableView): Row[] {
  const status = "silentMs" in heard ? undefined : heard;
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

/** The parent knows first that a process is dead; of one that lives the primary knows more. */
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

/** What is away first, then what is in trouble or silent, the primary, and what was restarted. */
function urgency({ child, server, primary }: Row): number {
  const isAway = child !== undefined && child.state !== "listening";
  const isTroubled = server !== undefined && (server.troubleCount > 0 || server.state === "silent");
  const wasRestarted = child !== undefined && child.restarts > 0;
  if (isAway) return 4;
  if (isTroubled) return 3;
  return primary !== undefined ? 2 : wasRestarted ? 1 : 0;
}
