/** What the ledger tests share: the disk that they are given, and rows to put on it. */
import type {
  IncarnationRow,
  LedgerMeta,
  LedgerStore,
  LedgerTransaction,
  MemberRow,
} from "../../../src/core/ledger/ledger.ts";
import type { ItemCount } from "../../../src/core/protocol/counts.ts";
import type { NewDecision, NewTrouble } from "../../../src/store/ledger/ledger_rows.ts";
import { testId } from "../faults.ts";

/** A disk with one ledger of the id `LEDGER_ID`. */
export interface LedgerFixture extends AsyncDisposable {
  /** Opens the ledger as `generation`, after closing the one that was open. */
  open(generation: string): LedgerStore;
  /** The same, but a transaction that sets `LARGE_ITEMS` items is refused, once at least. */
  openFull(generation: string): LedgerStore;
  /** Makes the next transaction that sets an item's likes end in doubt. */
  breakDisk(): void;
  /** Makes it a copy, while it is open. */
  markCopied(copiedMs: number): void;
  /** Records a newer generation while the ledger stays open. */
  supersede(generation: string): void;
}

export const LEDGER_ID = testId(0x1e);
/** Items that a full disk refuses. */
export const LARGE_ITEMS = 5_000;

export const FIRST = testId(0x91);
export const SECOND = testId(0x92);
export const THIRD = testId(0x93);
export const OUTBOX = testId(0xa);
export const INCARNATION = testId(1);
export const EMPTY_META: LedgerMeta = { version: 0, totalLikes: 0n, totalVersion: 0, asOfMs: 0 };
export const MEMBER: MemberRow = {
  outboxId: OUTBOX,
  serverId: "fra-1",
  address: "127.0.0.1:1",
  state: "member",
  appliedLikes: 0n,
  retiredAsOfMs: 0,
};
export const ROW: IncarnationRow = {
  incarnation: INCARNATION,
  outboxId: OUTBOX,
  appliedSequence: 4,
  digest: testId(0xd),
  state: "open",
};
export const TROUBLE: NewTrouble = {
  outboxId: OUTBOX,
  incarnation: INCARNATION,
  kind: "gap",
  events: { first: 1, last: 4 },
  digest: testId(0xd),
  detail: "1 to 4 are gone",
  sinceMs: 1_700_000_000_000,
  doubtfulAsOf: { afterMs: 1_600_000_000_000, upToMs: 1_650_000_000_000 },
};
export const DECISION: NewDecision = {
  kind: "resolve",
  trouble: { number: 1, kind: "gap" },
  outboxId: OUTBOX,
  incarnation: INCARNATION,
  givenUp: { first: 1, last: 2 ** 53 - 1 },
  asOfMs: 1_600_000_000_000,
  decidedMs: 1_700_000_000_001,
  reason: "the disk is gone",
};

/** The likes of named items. */
export function likesOf(store: LedgerStore, ...itemIds: string[]): readonly ItemCount[] {
  return store.counts({ type: "named", itemIds }, []).counts;
}

/** The most liked items. */
export function mostLiked(store: LedgerStore, limit: number): readonly ItemCount[] {
  const page = { type: "page", order: "most_liked", after: undefined, limit } as const;
  return store.counts(page, []).counts;
}

/** The value of a transaction that has to be done. */
export async function valueOf<T>(
  store: LedgerStore,
  work: (ledger: LedgerTransaction) => T,
): Promise<T> {
  const outcome = await store.transact(work);
  if (outcome.type !== "done") throw new Error("The transaction was refused");
  return outcome.value;
}

/** Commits a new version, and the likes of items. */
export async function commit(
  store: LedgerStore,
  likes: Readonly<Record<string, bigint>>,
): Promise<void> {
  await valueOf(store, (ledger) => {
    const meta = ledger.meta();
    ledger.setMeta({ ...meta, version: meta.version + 1 });
    for (const [itemId, itemLikes] of Object.entries(likes)) ledger.setItemLikes(itemId, itemLikes);
  });
}
