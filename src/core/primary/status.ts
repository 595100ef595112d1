/**
 * The status: the total, and an honest claim of how complete it is (law 4).
 *
 * Convergence is never computed from totals, which may be equal by accident. It comes from each
 * member's answers to pulses of this start. A silent member makes it UNKNOWN, and one that reported
 * unapplied events makes it CATCHING_UP. Trouble makes it UNKNOWN too, and so does an empty ledger
 * that may have taken the place of another one.
 */
import { MEMBER_SILENT_MS, TROUBLES_LISTED_MAX } from "../../limits.ts";
import type { MemberProgress } from "./progress_tracker.ts";
import type { LedgerMeta, MemberRow, TroubleRow } from "../ledger/rows.ts";
import type { Convergence, Trouble } from "../protocol/messages.ts";
import type { ForeignServer, UnrecordedServer } from "./refused_servers.ts";
import type { WriteFailure } from "../protocol/write_failure.ts";
import type { GenerationId, IncarnationId, LedgerId, OutboxId } from "../protocol/ids.ts";

/** The ledger and its members at one instant. */
export interface StatusView {
  readonly ledgerId: LedgerId;
  readonly generation: GenerationId;
  readonly meta: LedgerMeta;
  readonly members: ReadonlyMap<OutboxId, MemberRow>;
  readonly progress: ReadonlyMap<OutboxId, MemberProgress>;
  /** The undecided troubles, oldest first. */
  readonly troubles: readonly TroubleStatus[];
  /** LikesServers that came recently and do not belong to this ledger. */
  readonly foreignServers: readonly ForeignServer[];
  /** Whether a LikesServer of another ledger has come since this start. */
  readonly hasOtherLedger: boolean;
  /** LikesServers that came recently with a trouble that has no room. */
  readonly unrecorded: readonly UnrecordedServer[];
  /** Whether the ledger is from a backup and has not recorded that yet. */
  readonly isUnrecordedCopy: boolean;
  /** Why the newest write of the ledger failed; undefined when it succeeded. */
  readonly writeFailure: WriteFailure | undefined;
  /** When this start began, by the monotonic clock and by the logical clock. */
  readonly startedMs: number;
  readonly startedLogicalMs: number;
}

/** Whether a member answers pulses, in trouble or not. Values: ServerState in the proto. */
export type ServerState = "streaming" | "silent";

/** The status of one member. Fields: ServerStatus in the proto. */
export interface ServerStatus {
  readonly serverId: string;
  readonly outboxId: OutboxId;
  readonly incarnation: IncarnationId | undefined;
  readonly address: string;
  readonly state: ServerState;
  /** The number of its undecided troubles. */
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
  /** The oldest undecided troubles, at most TROUBLES_LISTED_MAX. */
  readonly troubles: readonly TroubleStatus[];
  /** The number of all undecided troubles. */
  readonly troubleCount: number;
  /** LikesServers that come and do not belong to this ledger, in order of arrival. */
  readonly foreignServers: readonly ForeignServer[];
  /** LikesServers whose trouble has no room, in order of arrival. */
  readonly unrecorded: readonly UnrecordedServer[];
  /** Why the newest write of the ledger failed; undefined when it succeeded. */
  readonly writeFailure: WriteFailure | undefined;
}

/** A trouble as the status lists it. Fields: TroubleStatus in the proto. */
export interface TroubleStatus extends TroubleRow {
  /** The server id; undefined if the outbox is unknown, or the trouble concerns the whole ledger. */
  readonly serverId: string | undefined;
}

/**
 * Returns the convergence at the monotonic time `nowMs`. The order of its rules: docs/PROTOCOL.md,
 * Convergence and `as_of`.
 */
export function convergence(view: StatusView, nowMs: number): Convergence {
  if (isInTrouble(view) || mayBeWrongLedger(view)) return "unknown";
  let isCatchingUp = false;
  for (const outboxId of view.members.keys()) {
    const progress = view.progress.get(outboxId);
    if (progress?.report === undefined || isSilent(progress, nowMs)) return "unknown";
    isCatchingUp ||= pendingOf(progress) > 0;
  }
  return isCatchingUp ? "catching_up" : "converged";
}

/** Returns true when a trouble is undecided, or has no room. */
export function isInTrouble({ troubles, unrecorded, isUnrecordedCopy }: StatusView): boolean {
  return troubles.length > 0 || unrecorded.length > 0 || isUnrecordedCopy;
}

/**
 * Returns true when an empty ledger may have taken the place of another one. It has no members and
 * no likes, and a LikesServer of another ledger has come since the start. CONVERGED would be true,
 * and would mislead.
 */
export function mayBeWrongLedger({ members, meta, hasOtherLedger }: StatusView): boolean {
  return hasOtherLedger && members.size === 0 && meta.totalLikes === 0n;
}

/** Returns the pulse time up to which every member is fresh; undefined without members. */
export function leastFreshness(view: StatusView): number | undefined {
  if (view.members.size === 0) return undefined;
  let least = Number.MAX_SAFE_INTEGER;
  for (const outboxId of view.members.keys()) {
    least = Math.min(least, view.progress.get(outboxId)?.freshUpToMs ?? 0);
  }
  return least;
}

/**
 * Returns the whole status at the monotonic time `nowMs`, which is `nowLogicalMs` by the logical
 * clock.
 */
export function statusOf(view: StatusView, nowMs: number, nowLogicalMs: number): Status {
  const servers = [...view.members.values()].map((member) => serverStatus(view, member, nowMs));
  servers.sort((a, b) => byServerId(a.serverId, b.serverId) || byText(a.outboxId, b.outboxId));
  const state = convergence(view, nowMs);
  return {
    convergence: state,
    everywhere: state === "converged" && isShownEverywhere(view),
    totalLikes: view.meta.totalLikes,
    pendingEvents: servers.reduce((sum, server) => clamp(sum + server.pendingEvents), 0),
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
 * Returns true when every member has recently reported that nothing is pending. False when there
 * are no members.
 */
export function haveAllConfirmed(view: StatusView, nowMs: number): boolean {
  for (const outboxId of view.members.keys()) {
    const progress = view.progress.get(outboxId);
    if (progress?.report === undefined || isSilent(progress, nowMs)) return false;
    if (pendingOf(progress) > 0) return false;
  }
  return view.members.size > 0;
}

/** Returns a trouble as text, for status and logs. */
export function troubleText({ kind, incarnation, detail }: Trouble): string {
  return incarnation === undefined
    ? `${kind}: ${detail}`
    : `${kind} of incarnation ${incarnation}: ${detail}`;
}

/** Returns true when every member shows a total at least as new as the last change of the total. */
function isShownEverywhere(view: StatusView): boolean {
  for (const outboxId of view.members.keys()) {
    const progress = view.progress.get(outboxId);
    if (progress?.report === undefined) return false;
    if (progress.report.shownVersion < view.meta.totalVersion) return false;
  }
  return true;
}

function serverStatus(view: StatusView, member: MemberRow, nowMs: number): ServerStatus {
  const progress = view.progress.get(member.outboxId);
  const report = progress?.report;
  const troubles = view.troubles.filter(({ outboxId }) => outboxId === member.outboxId);
  const isMemberSilent =
    report === undefined || progress === undefined || isSilent(progress, nowMs);
  return {
    serverId: member.serverId,
    outboxId: member.outboxId,
    incarnation: progress?.incarnation,
    address: member.address,
    state: isMemberSilent ? "silent" : "streaming",
    troubleCount: troubles.length,
    lastSequence: progress?.highestReportedSequence ?? 0,
    appliedSequence: progress?.appliedSequence ?? 0,
    acceptedLikes: larger(report?.acceptedLikes ?? 0n, member.appliedLikes),
    appliedLikes: member.appliedLikes,
    knownTotalLikes: report?.shownTotalLikes ?? 0n,
    silentForMs: Math.max(0, Math.floor(nowMs - Math.max(progress?.sentMs ?? 0, view.startedMs))),
    pendingEvents: progress === undefined ? 0 : pendingOf(progress),
  };
}

/** Applied likes were accepted, even if a report has not said so yet. */
function larger(reported: bigint, applied: bigint): bigint {
  return reported > applied ? reported : applied;
}

/** Returns true when the newest pulse that a member answered was sent over MEMBER_SILENT_MS ago. */
export function isSilent(progress: MemberProgress, nowMs: number): boolean {
  return nowMs - progress.sentMs > MEMBER_SILENT_MS;
}

function pendingOf(progress: MemberProgress): number {
  const ownEvents = Math.max(progress.highestReportedSequence - progress.appliedSequence, 0);
  return clamp(ownEvents + progress.otherPendingEvents);
}

/** Keeps a sum within safe integers: peers may report any number. */
function clamp(sum: number): number {
  return Math.min(sum, Number.MAX_SAFE_INTEGER);
}

/** Compares server ids, with `likes-server-2` before `likes-server-10`. */
function byServerId(a: string, b: string): number {
  const [, stemA = "", digitsA = ""] = /^(.*?)(\d{0,15})$/.exec(a) ?? [];
  const [, stemB = "", digitsB = ""] = /^(.*?)(\d{0,15})$/.exec(b) ?? [];
  return byText(stemA, stemB) || Number(digitsA) - Number(digitsB) || byText(a, b);
}

function byText(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}
