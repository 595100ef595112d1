/**
 * The interface of the ledger's store, and of one transaction on it.
 *
 * A rule is pure. It reads and sets rows through LedgerTransaction, on the state that the previous
 * command left. A store does not know the protocol: it commits all that was set, or nothing.
 */
import type { AppliedIncarnation, ItemCount } from "../protocol/counts.ts";
import type { GenerationId, IncarnationId, LedgerId, OutboxId } from "../protocol/ids.ts";
import type { Trouble } from "../protocol/messages.ts";
import type { WriteFailure } from "../protocol/write_failure.ts";
import type { LedgerNeed } from "./ledger_needs.ts";
import type {
  DecisionRow,
  GenerationRow,
  IncarnationRow,
  IncarnationStatus,
  LedgerMeta,
  MemberRow,
  MemberStatus,
  NewDecision,
  NewTrouble,
  TroubleRow,
} from "./rows.ts";

/** The ledger inside one transaction. */
export interface LedgerTransaction {
  /** Runs `work`, and undoes all that it set unless it returns true. Returns its result. */
  attempt(work: () => boolean): boolean;
  meta(): LedgerMeta;
  setMeta(row: LedgerMeta): void;
  member(outboxId: OutboxId): MemberRow | undefined;
  setMember(row: MemberRow): void;
  /** Returns how many outboxes are in a state. */
  outboxCount(state: MemberStatus): number;
  incarnation(incarnation: IncarnationId): IncarnationRow | undefined;
  setIncarnation(row: IncarnationRow): void;
  /**
   * Returns the oldest incarnations of an outbox in `state`, oldest first, at most `limit`: a peer
   * may have opened a million.
   */
  incarnationsIn(
    outboxId: OutboxId,
    state: IncarnationStatus,
    limit: number,
  ): readonly IncarnationId[];
  generation(generation: GenerationId): GenerationRow | undefined;
  /**
   * Returns when the backup was made from which this ledger was opened, in Unix milliseconds;
   * undefined for any other ledger, or once it has recorded that.
   */
  copiedMs(): number | undefined;
  /** Clears `copiedMs`: the ledger has recorded that it was opened from a backup. */
  clearCopied(): void;
  /**
   * Records a trouble, once until it is decided (see isSameTrouble). Returns undefined when it was
   * recorded already.
   */
  addTrouble(row: NewTrouble): TroubleRow | undefined;
  /** Returns the undecided trouble of that number; undefined when there is none. */
  trouble(number: number): TroubleRow | undefined;
  /**
   * Returns the undecided troubles of an outbox, oldest first; without an outbox, those of the
   * ledger as a whole.
   */
  troublesOf(outboxId: OutboxId | undefined): readonly TroubleRow[];
  /** Returns the number of undecided troubles, those of the ledger as a whole included. */
  troubleCount(): number;
  /** Returns true when a decided trouble of the outbox covers this one (see covers). */
  wasDecided(outboxId: OutboxId, trouble: Trouble): boolean;
  /** Records a decision, and ends its trouble if it names one. */
  addDecision(row: NewDecision): DecisionRow;
  /** Returns the likes of an item. A rule reads them only for a kind of change that needs them. */
  itemLikes(itemId: string): bigint;
  /** Adds to the likes of an item, without reading them. */
  addLikes(itemId: string, gained: bigint): void;
}

/** The ledger as it is read at a start, after the opening has minted its generation. */
export interface LedgerSnapshot {
  readonly ledgerId: LedgerId;
  readonly generation: GenerationId;
  readonly meta: LedgerMeta;
  /** As LedgerTransaction's `copiedMs`. */
  readonly copiedMs: number | undefined;
  /** Outboxes that have not left, and those with an undecided trouble. */
  readonly members: readonly MemberRow[];
  /** Undecided ones. */
  readonly troubles: readonly TroubleRow[];
}

/**
 * An order of items: `most_liked` first, then by id; or by `item_id`. Ids compare by their bytes.
 */
export type CountsOrder = "most_liked" | "item_id";

/** Which items to read: named ones, or at most `limit` that follow `after` in an order. */
export type CountsSelection =
  | { readonly type: "named"; readonly itemIds: readonly string[] }
  | {
      readonly type: "page";
      readonly order: CountsOrder;
      /** The last item of the page before, with its likes then; undefined begins with the first. */
      readonly after: ItemCount | undefined;
      readonly limit: number;
    };

/** Counts, with the ledger's row and the applied sequences of the same commit. */
export interface CountsRead {
  readonly meta: LedgerMeta;
  /** In the order of the request; 0 for a named item without likes. */
  readonly counts: readonly ItemCount[];
  /** In the order of the request; 0 for an incarnation that is new to the ledger. */
  readonly applied: readonly AppliedIncarnation[];
}

/** Why an opening of the ledger has ended. `reason` is a sentence for people. */
export type OpeningEnd =
  /** It is unknown whether the last commit is on the disk. */
  | { readonly type: "in_doubt"; readonly reason: string }
  /** A newer opening has taken over the ledger. Nothing was changed. */
  | { readonly type: "superseded"; readonly reason: string };

/** How a commit ended. */
export type CommitOutcome<T> =
  | { readonly type: "done"; readonly value: T }
  /** Nothing was changed, and the next commit may succeed. */
  | { readonly type: WriteFailure }
  | OpeningEnd;

/** How a read ended. */
export type ReadOutcome<T> = { readonly type: "done"; readonly value: T } | OpeningEnd;

/**
 * One opening of a ledger. It ends for good when a commit is in doubt or superseded: `transact` and
 * `counts` have that outcome from then on.
 */
export interface LedgerStore {
  /** Reads the ledger as it is now. The primary does so once, at a start. */
  load(): Promise<LedgerSnapshot>;
  /**
   * Runs `work` in one transaction and syncs it. `work` is pure and may run again: a store that
   * loads rows in advance loads `needs`, then any row that `work` missed. It asserts a bound on the
   * runs. A `work` that sets nothing costs no sync. Throws what `work` throws.
   */
  transact<T>(
    needs: readonly LedgerNeed[],
    work: (ledger: LedgerTransaction) => T,
  ): Promise<CommitOutcome<T>>;
  /** Reads counts from one snapshot. */
  counts(
    selection: CountsSelection,
    incarnations: readonly IncarnationId[],
  ): Promise<ReadOutcome<CountsRead>>;
  /** Ends the opening. Pending calls may reject: the caller ignores how they end. */
  close(): Promise<void>;
}

/**
 * Opens a ledger and takes it over: a durable commit records `generation`, and supersedes every
 * later commit of an older opening. `nowUnixMs` is stored for people. Throws LikesError, such as
 * `store_locked`, `store_busy`, `store_unusable` or `disk_full`.
 */
export type OpenLedger = (generation: GenerationId, nowUnixMs: number) => Promise<LedgerStore>;
