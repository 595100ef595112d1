/** Writes the status as text: a table for a terminal, a line for a pipe. */
import type { ForeignServer } from "../core/primary/refused_servers.ts";
import type { ServerStatus, Status } from "../core/primary/status.ts";
import { formatDuration } from "../text/duration.ts";
import { escapeText, fitText } from "../text/escape.ts";
import { fittingTable, mostUrgent, paint } from "./fitting_table.ts";
import type { Color, FittingColumn, FittingShape } from "./fitting_table.ts";
import { localClock } from "../text/local_time.ts";
import { addressText, labelText } from "../text/names.ts";
import { countOf, formatCount } from "../text/numbers.ts";
import { refusedLines, refusedParts } from "./refused_text.ts";
import { troubleLines, troublePart } from "../text/trouble_text.ts";

/** Default rows of a table: with the lines around them, they fit a terminal. */
const STATUS_ROWS_DEFAULT = 16;
/** Rows that stay, however many lines are below them. */
const ROWS_MIN = 3;
/** Troubles shown under the table and in a line. */
const TROUBLES_SHOWN_MAX = 3;
/** Silent members named in a line. */
const SILENT_SHOWN_MAX = 3;

const WORD_COLORS = { converged: "green", catching_up: "yellow", unknown: "red" } as const;
const STATE_COLORS = { streaming: "green", silent: "yellow" } as const;

const WRITE_FAILURE_PARTS = {
  disk_full: "ledger disk full",
  store_busy: "ledger locked by another program",
} as const;

/** How to draw a status table. */
export interface StatusTableOptions {
  /** Width of the terminal: no line is wider. */
  readonly columns: number;
  readonly color: boolean;
  /** Rows of LikesServers; beyond that, only those that need attention most. */
  readonly rowsMax?: number;
}

/** How to draw that the primary does not answer. */
export interface AwayTextOptions extends Omit<StatusTableOptions, "rowsMax"> {
  /** Why the newest attempt failed, if one has. */
  readonly reason?: string | undefined;
}

/** The columns about a LikesServer. */
export const STATUS_COLUMNS = {
  id: { title: "LikesServer", align: "left", cell: ({ serverId }) => labelText(serverId) },
  state: {
    title: "state",
    align: "left",
    cell: (server) => stateText(server),
    color: (server) => stateColor(server),
  },
  address: { title: "address", align: "left", cell: ({ address }) => addressText(address) },
  pending: {
    title: "pending",
    align: "right",
    cell: ({ pendingEvents }) => formatCount(pendingEvents),
  },
  accepted: {
    title: "accepted",
    align: "right",
    cell: ({ acceptedLikes }) => formatCount(acceptedLikes),
  },
  applied: {
    title: "applied",
    align: "right",
    cell: ({ appliedLikes }) => formatCount(appliedLikes),
  },
  shows: {
    title: "shows",
    align: "right",
    cell: ({ knownTotalLikes }) => formatCount(knownTotalLikes),
  },
  silent: {
    title: "silent",
    align: "right",
    cell: ({ silentForMs }) => formatDuration(silentForMs),
  },
} as const satisfies Record<string, FittingColumn<ServerStatus>>;

/** Label, state and pending always stay. */
const STATUS_SHAPE: FittingShape<ServerStatus> = {
  columns: Object.values(STATUS_COLUMNS),
  droppedFirst: ["address", "silent", "applied", "shows", "accepted"],
};

/**
 * Draws the status: a headline with total, convergence and as_of, a row per LikesServer, and the
 * troubles. Returns several lines without a final newline.
 */
export function statusTable(view: Status, options: StatusTableOptions): string {
  const { columns, color, rowsMax = STATUS_ROWS_DEFAULT } = options;
  const lines = statusHead(view, options);
  const troubles = statusTroubles(view, columns);
  const rows = chooseRows(view.servers, Math.max(rowsMax - troubles.length, ROWS_MIN));
  if (rows.length > 0)
    lines.push("", ...fittingTable(STATUS_SHAPE, rows, { width: columns, color }));
  const hidden = view.servers.length - rows.length;
  if (hidden > 0) lines.push(fitText(`… and ${formatCount(hidden)} more`, columns));
  if (troubles.length > 0) lines.push("", ...troubles);
  return lines.join("\n");
}

/** Returns the lines above the rows: total, convergence, as_of, and other totals. */
export function statusHead(
  view: Status,
  { columns, color }: Pick<StatusTableOptions, "columns" | "color">,
): string[] {
  const upMs = Math.max(0, view.nowMs - view.startedMs);
  const head = wrap([...summary(view), `up ${formatDuration(upMs)}`], columns);
  const word = convergenceText(view);
  const shownWord = color ? paint(word, WORD_COLORS[view.convergence]) : word;
  return head.map((line) => line.replace(word, shownWord));
}

/**
 * Draws what replaces the table when the primary has been silent for `silentMs`: the rows are
 * outdated, and the total may be too.
 */
export function awayText(
  view: Status,
  silentMs: number,
  { columns, color, reason = "" }: AwayTextOptions,
): string {
  const word = color ? paint("UNKNOWN", WORD_COLORS.unknown) : "UNKNOWN";
  const known = `${countOf(view.totalLikes, "like")} UNKNOWN, ${asOfText(view, silentMs)}`;
  const silence = `no answer from the primary for ${formatDuration(silentMs)}; trying again`;
  const lines = [known, silence, escapeText(reason)].filter((line) => line !== "");
  return lines.map((line) => fitText(line, columns).replace("UNKNOWN", word)).join("\n");
}

/** Writes the status as one line, its time first. */
export function statusLine(view: Status): string {
  return `${localClock(view.nowMs)} ${statusSentence(view)}`;
}

/** Writes the status as one line without its time, for a log line that starts with one. */
export function statusSentence(view: Status): string {
  const head = summary(view).join(", ");
  const shown = view.troubles.slice(0, TROUBLES_SHOWN_MAX).map((one) => troublePart(one));
  const parts = [...silentPart(view), ...shown, ...hiddenTroubles(view)];
  return [head, ...parts, ...refusedParts(view)].join("; ");
}

/** Names the silent members, for which the total waits. */
function silentPart({ servers }: Status): string[] {
  const silent = servers.filter(({ state }) => state === "silent");
  if (silent.length === 0) return [];
  const names = silent.slice(0, SILENT_SHOWN_MAX).map(({ serverId }) => labelText(serverId));
  const hidden = silent.length - names.length;
  const more = hidden === 0 ? "" : ` and ${formatCount(hidden)} more`;
  return [`silent: ${names.join(", ")}${more}`];
}

/** Returns lines of the oldest troubles and the rejected servers, with the number not shown. */
export function statusTroubles(view: Status, columns: number): string[] {
  const shown = view.troubles.slice(0, TROUBLES_SHOWN_MAX);
  const lines = shown.flatMap((trouble) => troubleLines(trouble, columns));
  const all = [...lines, ...hiddenTroubles(view), ...refusedLines(view, columns)];
  return all.map((line) => fitText(line, columns));
}

function hiddenTroubles({ troubles, troubleCount }: Status): string[] {
  const hidden = troubleCount - Math.min(troubles.length, TROUBLES_SHOWN_MAX);
  if (hidden <= 0) return [];
  return [`… and ${countOf(hidden, "more trouble")}: likes status --once --json`];
}

/** `CONVERGED everywhere`, `CATCHING_UP`, `UNKNOWN`. */
function convergenceText(view: Pick<Status, "convergence" | "everywhere">): string {
  return view.convergence.toUpperCase() + (view.everywhere ? " everywhere" : "");
}

/** `as of 0.3 s ago`, seen `silentMs` after the status. */
function asOfText({ nowMs, asOfMs }: Status, silentMs = 0): string {
  if (asOfMs === 0) return "as_of unknown";
  return `as of ${formatDuration(Math.max(0, nowMs + silentMs - asOfMs))} ago`;
}

function summary(view: Status): string[] {
  const { servers, foreignServers, unrecorded } = view;
  const streaming = servers.filter(({ state }) => state === "streaming").length;
  return [
    `${countOf(view.totalLikes, "like")} ${convergenceText(view)}`,
    asOfText(view),
    servers.length === 0 ? "no LikesServers" : `${streaming} of ${servers.length} streaming`,
    ...(view.writeFailure === undefined ? [] : [WRITE_FAILURE_PARTS[view.writeFailure]]),
    ...(view.troubleCount > 0 ? [countOf(view.troubleCount, "trouble")] : []),
    ...(unrecorded.length > 0
      ? [`unrecorded trouble at ${countOf(unrecorded.length, "LikesServer")}`]
      : []),
    ...foreignSummary(foreignServers),
    `${countOf(view.pendingEvents, "event")} pending`,
  ];
}

function foreignSummary(foreignServers: readonly ForeignServer[]): string[] {
  const others = foreignServers.filter(({ ledgerId }) => ledgerId !== undefined).length;
  const secrets = foreignServers.length - others;
  return [
    ...(others > 0 ? [`${formatCount(others)} from another ledger`] : []),
    ...(secrets > 0 ? [`${formatCount(secrets)} with another secret`] : []),
  ];
}

/** Returns the `rowsMax` servers that need attention most. */
function chooseRows(servers: readonly ServerStatus[], rowsMax: number): readonly ServerStatus[] {
  return mostUrgent(servers, rowsMax, (a, b) => urgency(b) - urgency(a) || lagBetween(a, b));
}

function urgency({ state, troubleCount }: ServerStatus): number {
  return (troubleCount === 0 ? 0 : 2) + (state === "silent" ? 1 : 0);
}

function lagBetween(a: ServerStatus, b: ServerStatus): number {
  return b.pendingEvents - a.pendingEvents;
}

/** Shows `trouble` for a streaming server in trouble; the lines below the table say which. */
function stateText({ state, troubleCount }: ServerStatus): string {
  return state === "streaming" && troubleCount > 0 ? "trouble" : state;
}

function stateColor({ state, troubleCount }: ServerStatus): Color {
  return troubleCount === 0 ? STATE_COLORS[state] : "red";
}

/** Joins parts with commas into lines of at most `columns`. */
function wrap(parts: readonly string[], columns: number): string[] {
  const lines: string[] = [];
  for (const part of parts) {
    const last = lines.at(-1);
    const joined = `${last}, ${part}`;
    if (last !== undefined && joined.length <= columns) lines[lines.length - 1] = joined;
    else lines.push(part);
  }
  return lines.map((line) => fitText(line, columns));
}
