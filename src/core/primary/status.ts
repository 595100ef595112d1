/**
 * What a reader is told: the total, and honestly how far it has come (law 4).
 *
 * Convergence is never computed from totals, which may be equal by accident. It comes from what
 * each member answered to a pulse of this start of the primary: a member that has not answered
 * lately makes it UNKNOWN, one that named events which are not applied makes it CATCHING_UP. Trouble
 * makes it UNKNOWN too, and so does a ledger that is perhaps another one than people take it for.
 */
import { MEMBER_SILENT_MS, TROUBLES_LISTED_MAX } from "../../limits.ts";
import type { MemberProgress } from "./progress_tracker.ts";
import type { LedgerMeta, MemberRow, TroubleRow } from "../ledger/rows.ts";
import type { Convergence, Trouble } from "../protocol/messages.ts";
import type { ForeignServer, UnrecordedServer } from "./refused_servers.ts";
import type { WriteFailure } from "../protocol/write_failure.ts";
import type { GenerationId, IncarnationId, LedgerId, OutboxId } from "../protocol/ids.ts";

/** What is known of the ledger and its members at one instant. */
export interface StatusView {
  readonly ledgerId: LedgerId;
  readonly generation: GenerationId;
  readonly meta: LedgerMeta;
  readonly members: ReadonlyMap<OutboxId, MemberRow>;
  readonly tracker: ReadonlyMap<OutboxId, MemberProgress>;
  /** Those that are recorded and not decided, oldest first. */
  readonly troubles: readonly TroubleStatus[];
  /** LikesServers of another ledger that came lately. */
  readonly foreignServers: readonly ForeignServer[];
  /** Whether one has come since this start. */
  readonly hasForeign: boolean;
  /** LikesServers that came lately with trouble that has no room. */
  readonly unrecorded: readonly UnrecordedServer[];
  /** Whether the ledger is a copy and does not say so yet. */
  readonly isUnrecordedCopy: boolean;
  /** Why the newest commit was not written; undefined when it was. */
  readonly writeFailure: WriteFailure | undefined;
  /** When this start of the primary began, by the monotonic clock and by its labels. */
  readonly startedMs: number;
  readonly startedLogicalMs: number;
}

/** Whether a member delivers, be it in trouble or not. Values: ServerState in the proto. */
export type ServerState = "streaming" | "silent";

/** The status of one member. Fields: ServerStatus in the proto. */
export interface ServerStatus {
  readonly serverId: string;
  readonly outboxId: OutboxId;
  readonly incarnation: IncarnationId | undefined;
  readonly address: string;
  readonly state: ServerState;
  /** How many troubles of this member are recorded and not decided. */
  readonly troubleCount: number;
  readonly lastSequence: number;
  readonly appliedSequence: number;
  readonly acceptedLikes: bigint;
  readonly appliedLikes: bigint;
  readonly knownTotalLikes: bigint;
  readonly silentForMs: number;
  readonly pendingEvents: number;
}

/** The status of the counter. Fields: StatusResponse in the proto. */
export interface Status {
  readonly convergence: Convergence;
  readonly everywhere: boolean;
  readonly totalLikes: bigint;
  readonly pendingEvents: number;
  readonly asOfMs: number;
  readonly nowMs: number;
  readonly startedMs: number;
  readonly ledgerId: LedgerId;
  readonly generation: GenerationId;
  readonly version: number;
  readonly servers: readonly ServerStatus[];
  /** What is recorded and not decided: the oldest, at most TROUBLES_LISTED_MAX of them. */
  readonly troubles: readonly TroubleStatus[];
  /** How many there are in all. */
  readonly troubleCount: number;
  /** LikesServers of another ledger that come to this one, those that came first first. */
  readonly foreignServers: readonly ForeignServer[];
  /** LikesServers that bring trouble that has no room, those that came first first. */
  readonly unrecorded: readonly UnrecordedServer[];
  /** Why the ledger cannot be written; undefined when it can, as far as was tried. */
  readonly writeFailure: WriteFailure | undefined;
}

/** A trouble as it is told. Fields: TroubleStatus in the proto. */
export interface TroubleStatus extends TroubleRow {
  /** Label of the LikesServer; empty when it is about the ledger as a whole. */
  readonly serverId: string;
}

/** How far the total has come, at the monotonic time `nowMs`. */
export function convergence(view: StatusView, nowMs: number): Convergence {
  if (isInTrouble(view) || isPerhapsExchanged(view)) return "unknown";
  let catchingUp = false;
  for (const outboxId of view.members.keys()) {
    const progress = view.tracker.get(outboxId);
    if (progress?.report === undefined || isSilent(progress, nowMs)) return "unknown";
    catchingUp ||= pendingOf(progress) > 0;
  }
  return catchingUp ? "catching_up" : "converged";
}

/** Whether trouble is recorded, or comes and has no room. */
export function isInTrouble({ troubles, unrecorded, isUnrecordedCopy }: StatusView): boolean {
  return troubles.length > 0 || unrecorded.length > 0 || isUnrecordedCopy;
}

/**
 * Whether a ledger that has counted nothing and knows nobody may be in the place of another one: since
 * the start somebody of another one has come. That all of it is counted would be true, and mislead.
 */
export function isPerhapsExchanged({ members, meta, hasForeign }: StatusView): boolean {
  return hasForeign && members.size === 0 && meta.totalLikes === 0n;
}

/** Returns the label up to which nothing of any member is pending; undefined without members. */
export function leastFreshness(view: StatusView): number | undefined {
  if (view.members.size === 0) return undefined;
  let least = Number.MAX_SAFE_INTEGER;
  for (const outboxId of view.members.keys()) {
    least = Math.min(least, view.tracker.get(outboxId)?.freshUpToMs ?? 0);
  }
  return least;
}

/** The whole status at the monotonic time `nowMs`, which is the primary's label `nowLogicalMs`. */
export function statusOf(view: StatusView, nowMs: number, nowLogicalMs: number): Status {
  const servers = [...view.members.values()].map((member) => serverStatus(view, member, nowMs));
  servers.sort((a, b) => byServerId(a.serverId, b.serverId) || byText(a.outboxId, b.outboxId));
  const state = convergence(view, nowMs);
  return {
    convergence: state,
    everywhere: state === "converged" && isShownEverywhere(view),
    totalLikes: view.meta.totalLikes,
    pendingEvents: servers.reduce((sum, server) => countable(sum + server.pendingEvents), 0),
    asOfMs: view.meta.asOfMs,
    nowMs: nowLogicalMs,
    startedMs: view.startedLogicalMs,
    ledgerId: view.ledgerId,
    generation: view.generation,
    version: view.meta.version,
    servers,
    troubles: view.troubles.slice(0, TROUBLES_LISTED_MAX),
    troubleCount: view.troubles.length,
    foreignServers: view.foreignServers,
    unrecorded: view.unrecorded,
    writeFailure: view.writeFailure,
  };
}

/**
 * Returns true when every member has recently reported that nothing is pending. False when there are no
 * members.
 */
export function haveAllConfirmed(view: StatusView, nowMs: number): boolean {
  for (const outboxId of view.members.keys()) {
    const progress = view.tracker.get(outboxId);
    if (progress?.report === undefined || isSilent(progress, nowMs)) return false;
    if (pendingOf(progress) > 0) return false;
  }
  return view.members.size > 0;
}

/** A trouble in words, for status and logs. */
export function troubleText({ kind, incarnation, detail }: Trouble): string {
  return incarnation === undefined
    ? `${kind}: ${detail}`
    : `${kind} of incarnation ${incarnation}: ${detail}`;
}

/** Every member reported to show a total at least as new as its last change. */
function isShownEverywhere(view: StatusView): boolean {
  for (const outboxId of view.members.keys()) {
    const progress = view.tracker.get(outboxId);
    if (progress?.report === undefined) return false;
    if (progress.report.shownVersion < view.meta.totalVersion) return false;
  }
  return true;
}

function serverStatus(view: StatusView, member: MemberRow, nowMs: number): ServerStatus {
  const progress = view.tracker.get(member.outboxId);
  const report = progress?.report;
  const troubles = view.troubles.filter(({ outboxId }) => outboxId === member.outboxId);
  const silent = report === undefined || progress === undefined || isSilent(progress, nowMs);
  return {
    serverId: member.serverId,
    outboxId: member.outboxId,
    incarnation: progress?.incarnation,
    address: member.address,
    state: silent ? "silent" : "streaming",
    troubleCount: troubles.length,
    lastSequence: progress?.highestReportedSequence ?? 0,
    appliedSequence: progress?.appliedSequence ?? 0,
    acceptedLikes: most(report?.acceptedLikes ?? 0n, member.appliedLikes),
    appliedLikes: member.appliedLikes,
    knownTotalLikes: report?.shownTotalLikes ?? 0n,
    silentForMs: Math.max(0, Math.floor(nowMs - Math.max(progress?.sentMs ?? 0, view.startedMs))),
    pendingEvents: progress === undefined ? 0 : pendingOf(progress),
  };
}

/** What is applied was accepted, also when that was not reported yet. */
function most(reported: bigint, applied: bigint): bigint {
  return reported > applied ? reported : applied;
}

/** Whether the newest pulse that a member answered was sent too long ago. */
export function isSilent(progress: MemberProgress, nowMs: number): boolean {
  return nowMs - progress.sentMs > MEMBER_SILENT_MS;
}

function pendingOf(progress: MemberProgress): number {
  const named = Math.max(progress.highestReportedSequence - progress.appliedSequence, 0);
  return countable(named + progress.otherPendingEvents);
}

/** Peers say what they like: a sum of it stays a number that can be told. */
function countable(sum: number): number {
  return Math.min(sum, Number.MAX_SAFE_INTEGER);
}

/** `likes-server-2` before `likes-server-10`. */
function byServerId(a: string, b: string): number {
  const [, stemA = "", digitsA = ""] = /^(.*?)(\d{0,15})$/.exec(a) ?? [];
  const [, stemB = "", digitsB = ""] = /^(.*?)(\d{0,15})$/.exec(b) ?? [];
  return byText(stemA, stemB) || Number(digitsA) - Number(digitsB) || byText(a, b);
}

function byText(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}
