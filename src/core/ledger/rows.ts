/**
 * The rows of a ledger, the same in every store. A row is a value: it is replaced, never changed.
 */
import type { Trouble, TroubleKind } from "../protocol/messages.ts";
import type { EventRange } from "../protocol/record.ts";
import type {
  Digest,
  Fingerprint,
  GenerationId,
  IncarnationId,
  OutboxId,
  PersonId,
} from "../protocol/ids.ts";

/** The ledger's own row. */
export interface LedgerMeta {
  /** The number of the newest commit; 0 before the first. */
  readonly version: number;
  readonly totalLikes: bigint;
  /** Version of the last change of the total. */
  readonly totalVersion: number;
  /** The committed `as_of`; 0 before the first. */
  readonly asOfMs: number;
  /** Of the one secret behind its pseudonyms; undefined before the first admission. */
  readonly fingerprint: Fingerprint | undefined;
}

/** An outbox that the ledger has recorded. */
export interface MemberRow {
  readonly outboxId: OutboxId;
  readonly serverId: string;
  readonly address: string;
  /** `left`: it asked to leave. `retired`: an operator decided that it will not return. */
  readonly state: "member" | "left" | "retired";
  /** Events of its incarnations that are applied. */
  readonly appliedEvents: number;
  /** Likes of its adds that are in the total. */
  readonly appliedLikes: bigint;
  /** The committed `as_of` when it, or an incarnation of it, was first retired. */
  readonly retiredAsOfMs: number | undefined;
}

/** An incarnation that the ledger has recorded. */
export interface IncarnationRow {
  readonly incarnation: IncarnationId;
  readonly outboxId: OutboxId;
  readonly appliedSequence: number;
  /** The digest at the applied sequence. */
  readonly digest: Digest;
  /**
   * `closed`: final, and applied to its last event. `parked`: waits for an operator, and blocks
   * nothing. `retired`: an operator decided that no more events will come.
   */
  readonly state: "open" | "closed" | "parked" | "retired";
}

/** A recorded trouble. */
export interface TroubleRow extends Trouble {
  /** The number by which operators resolve it, from 1. */
  readonly number: number;
  /** Undefined when the trouble concerns the ledger as a whole. */
  readonly outboxId: OutboxId | undefined;
  /** When it was recorded, by the primary's wall clock. */
  readonly sinceMs: number;
  /** The shown `as_of` values that may have been wrong; undefined when none was. */
  readonly doubtfulAsOf: AsOfSpan | undefined;
}

/** Every `as_of` after `afterMs` and up to `upToMs`. */
export interface AsOfSpan {
  readonly afterMs: number;
  readonly upToMs: number;
}

/** Every kind of decision. */
export const DECISION_KINDS = ["retire", "resolve", "redelivered", "confirmed"] as const;

/**
 * How something was decided: an operator retired a member or resolved a trouble, or the missing
 * likes were redelivered, or the members confirmed a ledger from a backup.
 */
export type DecisionKind = (typeof DECISION_KINDS)[number];

/** A decision about a trouble or a member, recorded for ever. */
export interface DecisionRow {
  /** From 1, in the order of the decisions. */
  readonly number: number;
  readonly kind: DecisionKind;
  /** The trouble that the decision ends; undefined when it ends none. */
  readonly trouble: { readonly number: number; readonly kind: TroubleKind } | undefined;
  readonly outboxId: OutboxId | undefined;
  readonly incarnation: IncarnationId | undefined;
  /** The events of a closed gap: they will never be counted. */
  readonly givenUp: EventRange | undefined;
  /** The committed `as_of` at the decision. */
  readonly asOfMs: number;
  /** By the primary's wall clock. */
  readonly decidedMs: number;
  /** In the operator's own words; may be empty. */
  readonly reason: string;
}

/** A person that is forgotten. */
export interface ForgottenPerson {
  readonly person: PersonId;
  /** Whether the likes of the person were taken back. */
  readonly withdraw: boolean;
}

/** Likes that stay without a name. */
export interface KeptLikes {
  readonly itemId: string;
  readonly reaction: number;
  readonly likes: number;
}

/** A person that is forgotten, and the likes that stay. */
export interface ForgottenRow extends ForgottenPerson {
  readonly kept: readonly KeptLikes[];
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
export type MemberStatus = MemberRow["state"];
export type IncarnationStatus = IncarnationRow["state"];

/** A trouble and a decision before the ledger gives them numbers. */
export type NewTrouble = Omit<TroubleRow, "number">;
export type NewDecision = Omit<DecisionRow, "number">;

/** The row of a new ledger. */
export const NEW_LEDGER: LedgerMeta = {
  version: 0,
  totalLikes: 0n,
  totalVersion: 0,
  asOfMs: 0,
  fingerprint: undefined,
};

type TroubleName = Pick<TroubleRow, "outboxId" | "incarnation" | "kind" | "events">;

/**
 * Returns true when two troubles are the same: outbox, incarnation and kind, and for gaps the end.
 */
export function isSameTrouble(one: TroubleName, other: TroubleName): boolean {
  const { outboxId, incarnation, kind, events } = other;
  if (kind === "gap" && one.events?.last !== events?.last) return false;
  return one.outboxId === outboxId && one.incarnation === incarnation && one.kind === kind;
}

/**
 * Returns true when `decided` settles `reported`: the same trouble from the same first event, up to
 * its last event or beyond.
 */
export function covers(decided: TroubleRow, reported: TroubleName): boolean {
  if (decided.events?.first !== reported.events?.first) return false;
  if ((decided.events?.last ?? 0) < (reported.events?.last ?? 0)) return false;
  return isSameTrouble(decided, { ...reported, events: decided.events });
}
