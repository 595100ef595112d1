/** The rows of a ledger, as every store keeps them. A row is a value: it is replaced, never changed. */
import type { EventRange, Trouble, TroubleKind } from "../protocol/messages.ts";
import type { Digest, GenerationId, IncarnationId, OutboxId } from "../protocol/ids.ts";

/** The ledger's one row of its own. */
export interface LedgerMeta {
  /** Commit number. */
  readonly version: number;
  readonly totalLikes: bigint;
  /** Version of the last change of the total. */
  readonly totalVersion: number;
  /** The committed `as_of`; 0 before the first. */
  readonly asOfMs: number;
}

/** An outbox that the ledger has recorded. */
export interface MemberRow {
  readonly outboxId: OutboxId;
  readonly serverId: string;
  readonly address: string;
  /** `left` by itself; `retired` by an operator, because it will not return. */
  readonly state: "member" | "left" | "retired";
  /** Likes of all its incarnations that are in the total. */
  readonly appliedLikes: bigint;
  /** Of a retired one: the committed `as_of` when it was retired; else 0. */
  readonly retiredAsOfMs: number;
}

/** An incarnation that the ledger has recorded. */
export interface IncarnationRow {
  readonly incarnation: IncarnationId;
  readonly outboxId: OutboxId;
  readonly appliedSequence: number;
  /** The digest at the applied sequence. */
  readonly digest: Digest;
  /**
   * `parked` ones wait for an operator and block nothing; of `retired` ones an operator has said that
   * nothing more will come.
   */
  readonly state: "open" | "closed" | "parked" | "retired";
}

/** A trouble that was recorded and about which nothing is decided yet. */
export interface TroubleRow extends Trouble {
  /** Names it for people, from 1. */
  readonly number: number;
  /** Undefined when it is about the ledger as a whole. */
  readonly outboxId: OutboxId | undefined;
  /** When it was recorded, by the primary's wall clock. */
  readonly sinceMs: number;
  /** What was shown of `as_of` that may be wrong; undefined when nothing was. */
  readonly doubtfulAsOf: AsOfSpan | undefined;
}

/** Every `as_of` after `afterMs` and up to `upToMs`. */
export interface AsOfSpan {
  readonly afterMs: number;
  readonly upToMs: number;
}

/** Every kind of decision. */
export const DECISION_KINDS = ["retire", "resolve", "redelivered", "confirmed"] as const;

/** Who decided: an operator, who retired a member or resolved a trouble, or what was found later. */
export type DecisionKind = (typeof DECISION_KINDS)[number];

/** What was decided about a trouble or a member, for ever. */
export interface DecisionRow {
  /** From 1, in the order of deciding. */
  readonly number: number;
  readonly kind: DecisionKind;
  /** The trouble that it ends; undefined when it ends none. */
  readonly trouble: { readonly number: number; readonly kind: TroubleKind } | undefined;
  readonly outboxId: OutboxId | undefined;
  readonly incarnation: IncarnationId | undefined;
  /** Events that will never be counted: a gap that was closed. */
  readonly givenUp: EventRange | undefined;
  /** The committed `as_of` then. */
  readonly asOfMs: number;
  /** By the primary's wall clock. */
  readonly decidedMs: number;
  /** The operator's own words; may be empty. */
  readonly reason: string;
}

/** One opening of the ledger. */
export interface GenerationRow {
  readonly generation: GenerationId;
  /** The version that this opening committed first. */
  readonly firstVersion: number;
  /** The last version before the next opening; undefined for the newest. */
  readonly lastVersion: number | undefined;
}

/** The states of a member and of an incarnation. */
export type MemberState = MemberRow["state"];
export type IncarnationStatus = IncarnationRow["state"];

/** A trouble and a decision that are not recorded yet: they get their numbers from the ledger. */
export type NewTrouble = Omit<TroubleRow, "number">;
export type NewDecision = Omit<DecisionRow, "number">;

/** The row of a ledger that was just made. */
export const NEW_LEDGER: LedgerMeta = { version: 0, totalLikes: 0n, totalVersion: 0, asOfMs: 0 };

type TroubleName = Pick<TroubleRow, "outboxId" | "incarnation" | "kind" | "events">;

/** Whether two troubles are one: of an outbox, an incarnation and a kind, and gaps by where they end. */
export function isSameTrouble(one: TroubleName, other: TroubleName): boolean {
  const { outboxId, incarnation, kind, events } = other;
  if (kind === "gap" && one.events?.last !== events?.last) return false;
  return one.outboxId === outboxId && one.incarnation === incarnation && one.kind === kind;
}

/** Whether `decided` is about `reported` of the same outbox: from the same event, up to its last or beyond. */
export function covers(decided: TroubleRow, reported: TroubleName): boolean {
  if (decided.events?.first !== reported.events?.first) return false;
  if ((decided.events?.last ?? 0) < (reported.events?.last ?? 0)) return false;
  return isSameTrouble(decided, { ...reported, events: decided.events });
}
