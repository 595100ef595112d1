/**
 * Measures a backlog: it is accepted here, and then delivered by a LikesServer started on it. The
 * delivery is measured from the Hello that the primary accepted to the last commit.
 */
import type { LedgerNeed } from "../src/core/ledger/ledger_needs.ts";
import type { LedgerTransaction } from "../src/core/ledger/ledger_transaction.ts";
import { NEW_LEDGER } from "../src/core/ledger/rows.ts";
import type * as ledgerModule from "../src/roles/open_ledger.ts";
import type * as mintModule from "../src/store/mint_id.ts";
import { fillOutbox } from "./backlog.ts";
import type { EventOf } from "./backlog.ts";
import { built } from "./built.ts";
import { BenchCounter, SERVER_ID } from "./counter.ts";
import type { Longest, ProcessorMs } from "./counter.ts";
import { expectSame } from "./figure.ts";
import { momentsBySequence } from "./taps.ts";

/** Likes of one commit of the filled ledger. */
const FILL_LIKES = 50_000;

/** The times until the last of `events` was accepted and applied. */
export interface Taken {
  readonly events: number;
  readonly acceptedMs: number;
  readonly appliedMs: number;
  /** Processor time of the roles for these events, from before they opened their stores. */
  readonly processorMs: ProcessorMs;
}

/** A measured delivery. */
export interface Delivered extends Taken {
  readonly longest: Longest;
}

/** A backlog, and what the ledger has before. */
export interface Delivery {
  readonly events: number;
  readonly eventOf: EventOf;
  /** Makes the ledger. Returns its total. */
  readonly fill: (dataDir: string) => Promise<bigint>;
  /** What the sets of the backlog add to the total, in the end. */
  readonly gainedBySets?: bigint;
}

/** Measures the delivery of a backlog. Throws when an event was lost or counted twice. */
export async function deliver(delivery: Delivery): Promise<Delivered> {
  const { events, eventOf, fill, gainedBySets = 0n } = delivery;
  await using counter = new BenchCounter();
  const before = (await fill(counter.dataDir)) + gainedBySets;
  const { likes, tookMs } = await fillOutbox(counter.dataDir, SERVER_ID, { events, eventOf });
  const processorBefore = await counter.processorMs();
  await counter.start();
  await counter.longest(); // forgets the start
  await counter.expectExact({ events, likes, before });
  const processorMs = await processorSince(processorBefore, counter);
  const longest = await counter.longest();
  const { connectedMs, applied } = await counter.moments();
  const appliedMs = lastOf(momentsBySequence("applied", applied, events));
  const [startMs = NaN] = connectedMs;
  const acceptedMs = tookMs;
  return { events, acceptedMs, appliedMs: appliedMs - startMs, processorMs, longest };
}

/** Returns the processor time since `before`. */
export async function processorSince(
  before: ProcessorMs,
  counter: BenchCounter,
): Promise<ProcessorMs> {
  const { likesServer, primary } = await counter.processorMs();
  return { likesServer: likesServer - before.likesServer, primary: primary - before.primary };
}

/** Returns the latest moment. */
export function lastOf(momentsMs: Float64Array): number {
  return momentsMs.reduce((last, atMs) => Math.max(last, atMs));
}

/** Makes a ledger with one like for each item. Returns its total. */
export function fillLedger(dataDir: string, items: readonly string[]): Promise<bigint> {
  return fillWith(dataDir, items.length, (from, upTo) => ({
    needs: [],
    change: (transaction) => {
      for (const itemId of items.slice(from, upTo)) transaction.addLikes(itemId, 1n);
    },
  }));
}

/** What a commit of the filling needs and does. */
interface Filling {
  readonly needs: readonly LedgerNeed[];
  readonly change: (transaction: LedgerTransaction) => void;
}

/** Makes a ledger of `likes` likes, by commits for ranges of them. Returns its total. */
export async function fillWith(
  dataDir: string,
  likes: number,
  fillingOf: (from: number, upTo: number) => Filling,
): Promise<bigint> {
  if (likes === 0) return 0n;
  const { ledgerIn } = await built<typeof ledgerModule>("roles/open_ledger.js");
  const { mintId } = await built<typeof mintModule>("store/mint_id.js");
  const ledger = await ledgerIn(dataDir)(mintId(), Date.now());
  for (let filled = 0; filled < likes; filled += FILL_LIKES) {
    const upTo = Math.min(likes, filled + FILL_LIKES);
    const { needs, change } = fillingOf(filled, upTo);
    const { type } = await ledger.transact(needs, (transaction) => {
      change(transaction);
      const version = transaction.meta().version + 1;
      const totalLikes = BigInt(upTo);
      transaction.setMeta({ ...NEW_LEDGER, version, totalLikes, totalVersion: version });
    });
    expectSame("a commit", type, "done");
  }
  await ledger.close();
  return BigInt(likes);
}
