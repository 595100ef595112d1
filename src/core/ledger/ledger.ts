/**
 * The interface of the ledger's store.
 *
 * A rule is pure. It reads and sets rows through LedgerTransaction, on the state that the previous
 * command left. A store does not know the protocol: it loads rows, and commits all that was set, or
 * nothing.
 */
import type { AppliedIncarnation, ItemCount } from "../protocol/counts.ts";
import type { GenerationId, IncarnationId, LedgerId } from "../protocol/ids.ts";
import type { RegisterKey, RegisterState } from "../protocol/register.ts";
import type { WriteFailure } from "../protocol/write_failure.ts";
import type { LedgerNeed } from "./ledger_needs.ts";
import type { LedgerTransaction } from "./ledger_transaction.ts";
import type { ForgottenPerson, LedgerMeta, MemberRow, TroubleRow } from "./rows.ts";

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
  /** Persons that this ledger had forgotten before it was restored from a backup. */
  readonly toForget: readonly ForgottenPerson[];
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

/** What to read of the same commit, beside the counts. */
export interface ReadBeside {
  /** Incarnations whose applied sequences to read. */
  readonly incarnations: readonly IncarnationId[];
  readonly registers: readonly RegisterKey[];
}

/** Counts, with the ledger's row, applied sequences and registers of the same commit. */
export interface CountsRead {
  readonly meta: LedgerMeta;
  /** In the order of the request; 0 for a named item without likes. */
  readonly counts: readonly ItemCount[];
  /** In the order of the request; 0 for an incarnation that is new to the ledger. */
  readonly applied: readonly AppliedIncarnation[];
  /** In the order of the request. */
  readonly registers: readonly RegisterState[];
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
 * How a read of counts ended. A store may have to write before it can rank: such a read fails as a
 * write does, and the next one may succeed.
 */
export type CountsReadOutcome = ReadOutcome<CountsRead> | { readonly type: WriteFailure };

/**
 * One opening of a ledger. It ends for good when a commit is in doubt or superseded: `transact` and
 * `counts` have that outcome from then on.
 */
export interface LedgerStore {
  /** Reads the ledger as it is now. The primary does so once, at a start. */
  load(): Promise<LedgerSnapshot>;
  /**
   * Loads the rows of `needs`, runs `work` on them, and commits and syncs what it set. `work` is
   * pure: it runs again after a row that it missed is loaded. A store asserts a bound on the runs.
   * A `work` that sets nothing costs no sync. Throws what `work` throws.
   */
  transact<T>(
    needs: readonly LedgerNeed[],
    work: (ledger: LedgerTransaction) => T,
  ): Promise<CommitOutcome<T>>;
  /** Reads counts from one snapshot. */
  counts(selection: CountsSelection, beside: ReadBeside): Promise<CountsReadOutcome>;
  /** Ends the opening. Pending calls may reject: the caller ignores how they end. */
  close(): Promise<void>;
}

/**
 * Opens a ledger and takes it over: a durable commit records `generation`, and supersedes every
 * later commit of an older opening. `nowUnixMs` is stored for people. Throws LikesError, such as
 * `store_locked`, `store_busy`, `store_unusable` or `disk_full`.
 */
export type OpenLedger = (generation: GenerationId, nowUnixMs: number) => Promise<LedgerStore>;
