/** Shared by the ledger tests: the interface of a disk, and rows to put on it. */
import { workOf } from "../../../src/core/ledger/apply_commands.ts";
import type { CommitResult, LedgerCommand } from "../../../src/core/ledger/ledger_command.ts";
import type { LedgerTransaction } from "../../../src/core/ledger/ledger_transaction.ts";
import { LikesError } from "../../../src/errors.ts";
import { recordCodec } from "../../../src/format/record_codec.ts";
import type {
  CommitOutcome,
  CountsRead,
  CountsSelection,
  LedgerStore,
  ReadBeside,
} from "../../../src/core/ledger/ledger.ts";
import type {
  IncarnationRow,
  LedgerMeta,
  MemberRow,
  NewDecision,
  NewTrouble,
} from "../../../src/core/ledger/rows.ts";
import type { ItemCount } from "../../../src/core/protocol/counts.ts";
import type { GenerationId, IncarnationId } from "../../../src/core/protocol/ids.ts";
import { testId } from "../faults.ts";

/** A disk with one ledger, whose id is `LEDGER_ID`. */
export interface LedgerFixture extends AsyncDisposable {
  /** Closes the open ledger, if any, and opens it as `generation`. */
  open(generation: GenerationId): Promise<LedgerStore>;
  /** Like `open`, but at least one transaction that sets `LARGE_ITEMS` items is refused. */
  openFull(generation: GenerationId): Promise<LedgerStore>;
  /** Makes the next transaction that sets an item's likes end in doubt. */
  breakDisk(): Promise<void>;
  /** Marks the ledger as a copy while it is open. */
  markCopied(copiedMs: number): Promise<void>;
  /** Records a newer generation while the ledger stays open. */
  supersede(generation: GenerationId): Promise<void>;
}

export const LEDGER_ID = testId(0x1e);
/** More items than the full disk can hold. */
export const LARGE_ITEMS = 5_000;

export const FIRST = testId(0x91);
export const SECOND = testId(0x92);
export const THIRD = testId(0x93);
export const OUTBOX = testId(0xa);
export const INCARNATION = testId(1);
export const PERSON = testId(0x7e);
export const STATE = { revision: 3, reaction: 2, likes: 1 };
/** 62 operations of a client. */
export const BLOCK = { client: testId(0xc1), block: 1 };
export const EMPTY_META: LedgerMeta = {
  version: 0,
  totalLikes: 0n,
  totalVersion: 0,
  asOfMs: 0,
  fingerprint: undefined,
};
export const MEMBER: MemberRow = {
  outboxId: OUTBOX,
  serverId: "fra-1",
  address: "127.0.0.1:1",
  state: "member",
  appliedEvents: 0,
  appliedLikes: 0n,
  retiredAsOfMs: undefined,
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

/** What a read of counts alone asks for besides. */
export const NOTHING_BESIDE: ReadBeside = { incarnations: [], registers: [] };

/** Returns the likes of named items. */
export async function likesOf(
  store: LedgerStore,
  ...itemIds: string[]
): Promise<readonly ItemCount[]> {
  return (await read(store, { type: "named", itemIds })).counts;
}

/** Returns the most liked items. */
export async function mostLiked(store: LedgerStore, limit: number): Promise<readonly ItemCount[]> {
  const page = { type: "page", order: "most_liked", after: undefined, limit } as const;
  return (await read(store, page)).counts;
}

/** Reads counts. Throws when the read is not done. */
export async function read(
  store: LedgerStore,
  selection: CountsSelection,
  incarnations: readonly IncarnationId[] = [],
): Promise<CountsRead> {
  const outcome = await store.counts(selection, { ...NOTHING_BESIDE, incarnations });
  if (outcome.type === "done") return outcome.value;
  throw new LikesError("store_failed", "reason" in outcome ? outcome.reason : outcome.type);
}

/** Returns the likes that `setLikes` gave to an item. */
export function givenLikes(ledger: LedgerTransaction, itemId: string): bigint {
  return BigInt(ledger.register(PERSON, itemId)?.revision ?? 0);
}

/**
 * Adds likes to an item until it has `likes`, when nothing else changes it. A register has their
 * number as its revision.
 */
export function setLikes(ledger: LedgerTransaction, itemId: string, likes: bigint): void {
  ledger.addLikes(itemId, likes - givenLikes(ledger, itemId));
  ledger.setRegister(PERSON, itemId, { revision: Number(likes), reaction: 1, likes: 1 });
}

/** Returns the value of a transaction. Throws when it is not done. */
export async function valueOf<T>(
  store: LedgerStore,
  work: (ledger: LedgerTransaction) => T,
): Promise<T> {
  const outcome = await store.transact([], work);
  if (outcome.type !== "done") throw new Error("The transaction was not done");
  return outcome.value;
}

/** Commits a new version, and the likes of items. */
export async function commit(
  store: LedgerStore,
  likes: Readonly<Record<string, bigint>>,
): Promise<void> {
  const before = await likesOf(store, ...Object.keys(likes));
  await valueOf(store, (ledger) => {
    const meta = ledger.meta();
    ledger.setMeta({ ...meta, version: meta.version + 1 });
    for (const { itemId, likes: had } of before) {
      ledger.addLikes(itemId, (likes[itemId] ?? 0n) - had);
    }
  });
}

/** Commits `commands` as the primary does. */
export function commitCommands(
  store: LedgerStore,
  commands: readonly LedgerCommand[],
  nowUnixMs: number,
): Promise<CommitOutcome<CommitResult>> {
  const { needs, apply } = workOf(commands, recordCodec, nowUnixMs);
  return store.transact(needs, apply);
}
