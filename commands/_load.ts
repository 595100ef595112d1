/**
 * Adds likes at a rate, and measures what becomes of each: when it was acknowledged, when the
 * primary counted it, and whether it counted once.
 *
 * The loop is open: likes fall due at times drawn beforehand, whether or not earlier ones were
 * answered. Each is measured from when it was due, so a stalled server cannot hide its stall.
 */
import { setTimeout as pause } from "node:timers/promises";
import type { Load } from "../src/cli/load_text.ts";
import { LikesError } from "../src/errors.ts";
import type { Refusal } from "../src/errors.ts";
import { monotonicMs } from "../src/monotonic.ts";
import { leavesInDoubt } from "../src/rpc/faults.ts";
import type { LikesClient } from "../src/rpc/client/likes_client.ts";
import type { PrimaryClient } from "../src/rpc/client/primary_client.ts";

/** Pause between two reads of the counts. It is the precision of `visibleMs`. */
const READ_PAUSE_MS = 5;
/** Calls that wait for an answer. With more, the next one waits, and is measured from when due. */
const CALLS_MAX = 10_000;

/** What is added, and where. */
export interface LoadOptions {
  /** A connection of each giver. They take turns. */
  readonly givers: readonly Pick<LikesClient, "addLikes" | "addLikesBatch">[];
  readonly primary: Pick<PrimaryClient, "counts">;
  /** Items without likes, which nobody else likes meanwhile. At most COUNTS_MAX. */
  readonly itemIds: readonly string[];
  readonly likesPerS: number;
  readonly durationMs: number;
  /** Adds of each call. */
  readonly perCall: number;
  /** How long a call may take, how long the primary may be away, and how long the last count. */
  readonly timeoutMs: number;
  /** Returns whether the primary has nothing pending. */
  readonly isSettled: () => Promise<boolean>;
  /** Returns a number in [0, 1). */
  readonly random: () => number;
  /** Called with the likes that have been answered, and an estimate of all. */
  readonly onProgress: (done: number, all: number) => void;
}

/** Adds the likes, and waits until they count. Throws LikesError when the primary is away. */
export async function runLoad(options: LoadOptions): Promise<Load> {
  const load = new LoadRun(options);
  const isGiven = new AbortController();
  const reading = load.read(isGiven.signal);
  // A primary that is away must not end the process before the givers have their answers.
  reading.catch(() => {});
  await load.give();
  isGiven.abort();
  await reading;
  return load.result();
}

/** The moments of one item's likes. Which like is which does not matter: each adds one. */
interface ItemMoments {
  readonly acknowledgedMs: number[];
  readonly countedMs: number[];
  /** Likes whose answer was lost. */
  unknown: number;
}

class LoadRun {
  readonly #options: LoadOptions;
  readonly #items: readonly ItemMoments[];
  readonly #acceptedMs: number[] = [];
  #refused = 0;
  #reason: string | undefined;
  #tookMs = 0;

  constructor(options: LoadOptions) {
    this.#options = options;
    this.#items = options.itemIds.map(() => ({ acknowledgedMs: [], countedMs: [], unknown: 0 }));
  }

  async give(): Promise<void> {
    const { likesPerS, durationMs, perCall, random, onProgress } = this.#options;
    const all = Math.round((likesPerS * durationMs) / 1_000);
    const calls = new Set<Promise<void>>();
    const startMs = monotonicMs();
    let index = 0;
    for (let dueMs = startMs; ;) {
      // Exponential gaps, as of independent people.
      dueMs += (-Math.log(1 - random()) * 1_000 * perCall) / likesPerS;
      if (dueMs - startMs > durationMs) break;
      while (monotonicMs() < dueMs || calls.size >= CALLS_MAX) await pause(1);
      const call = this.#call(index++, dueMs).finally(() => calls.delete(call));
      calls.add(call);
      onProgress(this.#answered, all);
    }
    await Promise.all(calls);
    this.#tookMs = monotonicMs() - startMs;
  }

  /**
   * Reads the counts until the primary has nothing pending after `given`, or no more likes come. A
   * like that counts twice may do so late, so the last read follows the status.
   */
  async read(given: AbortSignal): Promise<void> {
    const { timeoutMs, isSettled } = this.#options;
    let [readMs, grownMs] = [monotonicMs(), monotonicMs()];
    for (;;) {
      const isGiven = given.aborted;
      try {
        const isLast = isGiven && (await isSettled());
        const hasGrown = await this.#readOnce();
        readMs = monotonicMs();
        if (hasGrown || !isGiven) grownMs = readMs;
        if (isLast || readMs - grownMs >= timeoutMs) return;
      } catch (error) {
        // A primary that is away for a while comes back.
        if (!(error instanceof LikesError) || monotonicMs() - readMs >= timeoutMs) throw error;
      }
      await pause(READ_PAUSE_MS);
    }
  }

  /** Reads the counts once. Returns whether they have grown. */
  async #readOnce(): Promise<boolean> {
    const { primary, itemIds, timeoutMs } = this.#options;
    const { counts } = await primary.counts({ itemIds }, timeoutMs);
    const [nowMs, before] = [monotonicMs(), this.#counted];
    for (const [index, { likes }] of counts.entries()) {
      const { countedMs } = this.#item(index);
      while (countedMs.length < likes) countedMs.push(nowMs);
    }
    return this.#counted > before;
  }

  result(): Load {
    return {
      accepted: this.#acceptedMs.length,
      refused: this.#refused,
      unknown: this.#unknown,
      counted: this.#counted,
      missing: this.#sumOf(({ acknowledgedMs, countedMs }) => {
        return acknowledgedMs.length - countedMs.length;
      }),
      doubled: this.#sumOf(({ acknowledgedMs, unknown, countedMs }) => {
        return countedMs.length - acknowledgedMs.length - unknown;
      }),
      reason: this.#reason,
      tookMs: this.#tookMs,
      acceptedMs: this.#acceptedMs,
      visibleMs: this.#items.flatMap(({ acknowledgedMs, countedMs }) => {
        const seen = acknowledgedMs.slice(0, countedMs.length);
        return seen.map((fromMs, like) => Math.max(0, (countedMs[like] ?? fromMs) - fromMs));
      }),
    };
  }

  async #call(index: number, dueMs: number): Promise<void> {
    const { givers, perCall, itemIds, timeoutMs } = this.#options;
    const giver = givers[index % givers.length];
    if (giver === undefined) throw new Error("Assertion failed: somebody gives");
    const first = index * perCall;
    const adds = Array.from({ length: perCall }, (_, add) => (first + add) % itemIds.length);
    try {
      const refusals = await send(
        giver,
        adds.map((item) => itemIds[item] ?? ""),
        timeoutMs,
      );
      for (const [add, refusal] of refusals.entries()) {
        const item = adds[add] ?? 0;
        if (refusal === undefined) this.#accepted(item, dueMs);
        else this.#failed(item, refusal);
      }
    } catch (error) {
      if (!(error instanceof LikesError)) throw error;
      for (const item of adds) this.#failed(item, error);
    }
  }

  #accepted(item: number, dueMs: number): void {
    const nowMs = monotonicMs();
    this.#acceptedMs.push(nowMs - dueMs);
    this.#item(item).acknowledgedMs.push(nowMs);
  }

  #failed(item: number, { code, message }: Refusal): void {
    if (leavesInDoubt(code)) this.#item(item).unknown++;
    else this.#refused++;
    this.#reason ??= message;
  }

  /** Returns the sum of what is wrong with each item: one that lacks a like does not excuse another. */
  #sumOf(wrongOf: (item: ItemMoments) => number): number {
    return this.#items.reduce((sum, item) => sum + Math.max(0, wrongOf(item)), 0);
  }

  get #unknown(): number {
    return this.#items.reduce((sum, { unknown }) => sum + unknown, 0);
  }

  #item(index: number): ItemMoments {
    const item = this.#items[index];
    if (item === undefined) throw new Error("Assertion failed: an item has its moments");
    return item;
  }

  get #answered(): number {
    return this.#acceptedMs.length + this.#refused + this.#unknown;
  }

  get #counted(): number {
    return this.#items.reduce((sum, { countedMs }) => sum + countedMs.length, 0);
  }
}

/** Adds a like to each item, by one call. Returns why each was refused, if it was. */
async function send(
  giver: LoadOptions["givers"][number],
  itemIds: readonly string[],
  timeoutMs: number,
): Promise<readonly (Refusal | undefined)[]> {
  const [only, ...others] = itemIds;
  if (only !== undefined && others.length === 0) {
    await giver.addLikes({ itemId: only, likes: 1n }, timeoutMs);
    return [undefined];
  }
  const adds = itemIds.map((itemId) => ({ itemId, likes: 1n }));
  const { outcomes } = await giver.addLikesBatch(adds, timeoutMs);
  return outcomes.map((outcome) => (outcome.type === "refused" ? outcome.refusal : undefined));
}
