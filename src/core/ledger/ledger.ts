/**
 * The ledger: what the primary keeps on its disk, and how the rules reach it.
 *
 * A rule is pure. It reads rows and sets rows through LedgerTransaction, inside one transaction of a
 * store, against the state that the command before left. A store knows nothing of the protocol: it
 * commits all that was set, or nothing.
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
  MemberState,
  NewDecision,
  NewTrouble,
  TroubleRow,
} from "./rows.ts";

/** The ledger inside one transaction. */
export interface LedgerTransaction {
  /** Does `work`, and takes back all that it set unless it returns true. Returns what it returned. */
  attempt(work: () => boolean): boolean;
  meta(): LedgerMeta;
  setMeta(row: LedgerMeta): void;
  member(outboxId: OutboxId): MemberRow | undefined;
  setMember(row: MemberRow): void;
  /** How many outboxes are in a state. */
  outboxCount(state: MemberState): number;
  incarnation(incarnation: IncarnationId): IncarnationRow | undefined;
  setIncarnation(row: IncarnationRow): void;
  /**
   * The oldest incarnations of an outbox in `state`, at most `limit`: a peer may have opened a
   * million.
   */
  incarnationsIn(
    outboxId: OutboxId,
    state: IncarnationStatus,
    limit: number,
  ): readonly IncarnationId[];
  generation(generation: GenerationId): GenerationRow | undefined;
  /** When the copy was made, of a ledger that was opened from one and has not recorded that. */
  copiedMs(): number | undefined;
  /** The ledger has recorded that it is a copy. */
  clearCopied(): void;
  /**
   * Records a trouble. The same one is recorded once until it is decided (see isSameTrouble):
   * undefined when it was there.
   */
  addTrouble(row: NewTrouble): TroubleRow | undefined;
  /** Undefined when there is none of that number, or it is decided. */
  trouble(number: number): TroubleRow | undefined;
  /** Those that are not decided, oldest first; of the ledger as a whole without an outbox. */
  troublesOf(outboxId: OutboxId | undefined): readonly TroubleRow[];
  /** Those that are not decided, of all outboxes. */
  troubleCount(): number;
  /** Whether this trouble of the outbox was decided before (see covers). */
  wasDecided(outboxId: OutboxId, trouble: Trouble): boolean;
  /** Records a decision, and that it ends its trouble. */
  addDecision(row: NewDecision): DecisionRow;
  /** The likes of an item. A rule reads them only where the kind of an event needs them. */
  itemLikes(itemId: string): bigint;
  /** Adds to the likes of an item, without reading them. */
  addLikes(itemId: string, gained: bigint): void;
}

/** The ledger as it is read at a start; a generation of its own was minted for it. */
export interface LedgerSnapshot {
  readonly ledgerId: LedgerId;
  readonly generation: GenerationId;
  readonly meta: LedgerMeta;
  /** When the copy was made, of a ledger that was opened from one and has not recorded that. */
  readonly copiedMs: number | undefined;
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
  /** Named items in the order asked, with 0 for one without likes. */
  readonly counts: readonly ItemCount[];
  /** In the order asked; 0 for an incarnation that the ledger never met. */
  readonly applied: readonly AppliedIncarnation[];
}

/** Why an opening of the ledger has ended. */
export type OpeningEnd =
  /** The disk cannot be relied on any more: it is unknown whether the last commit is on it. */
  | { readonly type: "in_doubt"; readonly reason: string }
  /** The ledger was opened again since, and nothing was changed. */
  | { readonly type: "superseded"; readonly reason: string };

/** How a commit ended. */
export type CommitOutcome<T> =
  | { readonly type: "done"; readonly value: T }
  /** Nothing was changed, and the next commit may succeed. */
  | { readonly type: WriteFailure }
  | OpeningEnd;

/** How a read ended. */
export type ReadOutcome<T> = { readonly type: "done"; readonly value: T } | OpeningEnd;

/** One opening of a ledger. It ends for good when a commit is in doubt or superseded. */
export interface LedgerStore {
  load(): Promise<LedgerSnapshot>;
  /**
   * Runs `work` in one transaction and syncs it. `work` is pure and may run again: a store that loads
   * rows beforehand loads `needs`, and what `work` turned out to need besides. A `work` that sets
   * nothing costs no sync. Throws what `work` throws.
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
  close(): Promise<void>;
}

/**
 * Opens a ledger. To open it is to take it over: `generation` is minted in a durable commit, after
 * which each commit of an older opening is superseded. `nowUnixMs` is kept for people. Throws
 * LikesError `store_locked`, `store_busy`, `store_unusable`, `disk_full` or the like.
 */
export type OpenLedger = (generation: GenerationId, nowUnixMs: number) => Promise<LedgerStore>;
