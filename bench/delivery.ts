/**
 * Measures a backlog: it is accepted here, and then delivered by a LikesServer started on it. The
 * delivery is measured from the Hello that the primary accepted to the last commit.
 */
import type * as ledgerModule from "../src/roles/open_ledger.ts";
import type * as mintModule from "../src/store/mint_id.ts";
import { fillOutbox } from "./backlog.ts";
import type { ItemOf } from "./backlog.ts";
import { built } from "./built.ts";
import { BenchCounter, SERVER_ID } from "./counter.ts";
import type { Longest, ProcessorMs } from "./counter.ts";
import { expectSame } from "./figure.ts";
import { momentsBySequence } from "./taps.ts";

/** Items of one commit of the filled ledger. */
const FILL_ITEMS = 50_000;

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

/** A backlog, and the items that the ledger has before. */
export interface Delivery {
  readonly events: number;
  readonly itemOf: ItemOf;
  readonly filled: readonly string[];
}

/** Measures the delivery of a backlog. Throws when an event was lost or counted twice. */
export async function deliver({ events, itemOf, filled }: Delivery): Promise<Delivered> {
  await using counter = new BenchCounter();
  const before = await fillLedger(counter.dataDir, filled);
  const { likes, tookMs } = await fillOutbox(counter.dataDir, SERVER_ID, { events, itemOf });
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
export async function fillLedger(dataDir: string, items: readonly string[]): Promise<bigint> {
  if (items.length === 0) return 0n;
  const { ledgerIn } = await built<typeof ledgerModule>("roles/open_ledger.js");
  const { mintId } = await built<typeof mintModule>("store/mint_id.js");
  const ledger = await ledgerIn(dataDir)(mintId(), Date.now());
  for (let filled = 0; filled < items.length;) {
    const upTo = Math.min(items.length, filled + FILL_ITEMS);
    const { type } = await ledger.transact([], (transaction) => {
      for (const itemId of items.slice(filled, upTo)) transaction.addLikes(itemId, 1n);
      const version = transaction.meta().version + 1;
      const totalLikes = BigInt(upTo);
      transaction.setMeta({ version, totalLikes, totalVersion: version, asOfMs: 0 });
    });
    expectSame("a commit", type, "done");
    filled = upTo;
  }
  await ledger.close();
  return BigInt(items.length);
}
