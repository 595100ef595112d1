/**
 * What the primary keeps on its disk, and the few accesses from which the ledger's rule is built.
 *
 * The rule runs inside the store's transaction, against the state that the command before left. A
 * store knows nothing of the protocol: it gets and sets rows, and commits all of them or none.
 */
import type { AppliedIncarnation, ItemCount } from "../protocol/counts.ts";
import type { EventRange, Trouble, TroubleKind } from "../protocol/messages.ts";
import type { WriteFailure } from "../protocol/write_failure.ts";
import type { Digest, GenerationId, IncarnationId, LedgerId, OutboxId } from "../protocol/ids.ts";

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

/** See DecisionKind. */
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

/** The ledger inside one transaction. */
export interface LedgerTransaction {
  /** Does `work`, and takes back all that it set unless it returns true. Returns what it returned. */
  attempt(work: () => boolean): boolean;
  meta(): LedgerMeta;
  setMeta(row: LedgerMeta): void;
  member(outboxId: OutboxId): MemberRow | undefined;
  setMember(row: MemberRow): void;
  /** How many outboxes are in a state. */
  outboxCount(state: MemberRow["state"]): number;
  incarnation(incarnation: IncarnationId): IncarnationRow | undefined;
  setIncarnation(row: IncarnationRow): void;
  /**
   * The oldest incarnations of an outbox in `state`, at most `limit`: a peer may have opened a
   * million.
   */
  incarnationsIn(
    outboxId: OutboxId,
    state: IncarnationRow["state"],
    limit: number,
  ): readonly IncarnationId[];
  generation(generation: GenerationId): GenerationRow | undefined;
  /**
   * When the copy was made, of a ledger that was opened from one and has not said so; else
   * undefined.
   */
  copiedMs(): number | undefined;
  /** The ledger has said that it is a copy. */
  clearCopied(): void;
  /**
   * Records a trouble. The same one (outbox, incarnation, kind, and the end of a gap) is recorded once
   * until it is decided: undefined when it was there.
   */
  addTrouble(row: Omit<TroubleRow, "number">): TroubleRow | undefined;
  /** Undefined when there is none of that number, or it is decided. */
  trouble(number: number): TroubleRow | undefined;
  /** Those that are not decided, oldest first. */
  troublesOf(outboxId: OutboxId | undefined): readonly TroubleRow[];
  /** Those that are not decided, of all outboxes. */
  troubleCount(): number;
  /**
   * Whether this trouble (outbox, incarnation, kind, first event) was decided before, up to its last
   * event or beyond.
   */
  wasDecided(outboxId: OutboxId, trouble: Trouble): boolean;
  /** Records a decision, and that it ends its trouble. */
  addDecision(row: Omit<DecisionRow, "number">): DecisionRow;
  itemLikes(itemId: string): bigint;
  setItemLikes(itemId: string, likes: bigint): void;
}

/** The ledger as it is read at a start; a generation of its own was minted for it. */
export interface LedgerSnapshot {
  readonly ledgerId: LedgerId;
  readonly generation: GenerationId;
  readonly meta: LedgerMeta;
  /** Those that have not left, and those that are in trouble. */
  readonly members: readonly MemberRow[];
  /** Those that are not decided. */
  readonly troubles: readonly TroubleRow[];
}

/** An order of items: `most_liked` first, then by id; or by `item_id`. Ids compare by their bytes. */
export type CountsOrder = "most_liked" | "item_id";

/** Some items: those that are named, or at most `limit` that follow `after` in an order. */
export type CountsSelection =
  | { readonly type: "named"; readonly itemIds: readonly string[] }
  | {
      readonly type: "page";
      readonly order: CountsOrder;
      /** An item and the likes that it had when it was told; undefined begins with the first. */
      readonly after: ItemCount | undefined;
      readonly limit: number;
    };

/** Counts and the rows that they belong to, all as one commit left them. */
export interface CountsRead {
  readonly meta: LedgerMeta;
  readonly counts: readonly ItemCount[];
  /** In the order asked; 0 for an incarnation that the ledger never met. */
  readonly applied: readonly AppliedIncarnation[];
}

/**
 * How a transaction ended. One in doubt throws LikesError `store_failed`: the process must go.
 */
export type TransactionOutcome<T> =
  | { readonly type: "done"; readonly value: T }
  /** Nothing was changed. */
  | { readonly type: WriteFailure };

/** The primary's disk. One process holds it at a time. */
export interface LedgerStore {
  load(): Promise<LedgerSnapshot>;
  /**
   * Runs `work` in one transaction and syncs it. Throws LikesError `superseded` when the ledger was
   * opened again since `load`. A `work` that sets nothing costs no sync.
   */
  transact<T>(work: (ledger: LedgerTransaction) => T): Promise<TransactionOutcome<T>>;
  /** The likes of the selected items (named ones in the order asked, 0 for one without likes). */
  counts(selection: CountsSelection, incarnations: readonly IncarnationId[]): CountsRead;
  close(): void;
}
