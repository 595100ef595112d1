/**
 * Adds likes over gRPC, in one of two ways.
 *
 * Open loop: each like is sent at a time drawn beforehand, whether or not earlier ones were
 * answered. A stalled server cannot hide its stall by slowing the client down: likes that fall due
 * meanwhile wait, and are measured from when they were due.
 *
 * Closed loop: a fixed number of concurrent calls, each sent after the answer to the one before.
 */
import { setTimeout as pause } from "node:timers/promises";
import type * as clientModule from "../../src/rpc/client/likes_client.ts";
import { built } from "../built.ts";
import { preciseMs } from "../clock.ts";
import { serve } from "./serve.ts";

const { LikesClient } = await built<typeof clientModule>("rpc/client/likes_client.js");

const CALL_WAIT_MS = 30_000;
const ITEMS = 100;
const LIKES_MAX = 42;

type LikesClientType = InstanceType<typeof LikesClient>;

interface Add {
  readonly itemId: string;
  readonly likes: bigint;
}

/** Options of the open loop. `dueMs` counts from the start, ascending. */
interface OpenLoop {
  readonly address: string;
  readonly dueMs: Float64Array;
}

/** Options of the closed loop. */
interface ClosedLoop {
  readonly address: string;
  readonly events: number;
  readonly atOnce: number;
  /** Adds of each call; with more than 1 it is AddLikesBatch. */
  readonly perCall: number;
}

/** The added likes, all accepted. Times are by `preciseMs`. */
export interface Added {
  readonly likes: bigint;
  readonly startMs: number;
  readonly endMs: number;
  /** By sequence: when the add was due, when its answer arrived, and its likes. Open loop only. */
  readonly dueMs: Float64Array;
  readonly answeredMs: Float64Array;
  readonly likesOf: BigInt64Array;
}

serve({
  async openLoop({ address, dueMs }: OpenLoop): Promise<Added> {
    const client = new LikesClient(address);
    const bySequence = {
      dueMs: dueMs.slice(),
      answeredMs: new Float64Array(dueMs.length),
      likesOf: new BigInt64Array(dueMs.length),
    };
    const calls: Promise<void>[] = [];
    let likes = 0n;
    const add = async (index: number, atMs: number): Promise<void> => {
      const { sequence } = await client.addLikes(
        { itemId: itemOf(index), likes: likesOf(index) },
        CALL_WAIT_MS,
      );
      bySequence.answeredMs[sequence - 1] = preciseMs();
      bySequence.dueMs[sequence - 1] = atMs;
      bySequence.likesOf[sequence - 1] = likesOf(index);
    };
    const startMs = preciseMs();
    for (let index = 0; index < dueMs.length;) {
      const atMs = startMs + (dueMs[index] ?? 0);
      if (atMs > preciseMs()) {
        await pause(1);
        continue;
      }
      likes += likesOf(index);
      calls.push(add(index, atMs));
      index++;
    }
    await Promise.all(calls);
    client.close();
    return { likes, startMs, endMs: preciseMs(), ...bySequence };
  },

  async closedLoop({ address, events, atOnce, perCall }: ClosedLoop): Promise<Added> {
    const client = new LikesClient(address);
    let next = 0;
    let likes = 0n;
    const sender = async (): Promise<void> => {
      while (next < events) {
        const first = next;
        next = Math.min(events, first + perCall);
        const adds = Array.from({ length: next - first }, (_, index) => addOf(first + index));
        for (const add of adds) likes += add.likes;
        await send(client, adds);
      }
    };
    const startMs = preciseMs();
    await Promise.all(Array.from({ length: atOnce }, sender));
    const endMs = preciseMs();
    client.close();
    const none = { dueMs: new Float64Array(), answeredMs: new Float64Array() };
    return { likes, startMs, endMs, ...none, likesOf: new BigInt64Array() };
  },
});

/** Adds likes, by one call. Throws when any of them is refused. */
async function send(client: LikesClientType, adds: readonly Add[]): Promise<void> {
  const [only, ...others] = adds;
  if (only !== undefined && others.length === 0) {
    await client.addLikes(only, CALL_WAIT_MS);
    return;
  }
  const { outcomes } = await client.addLikesBatch(adds, CALL_WAIT_MS);
  const refused = outcomes.filter(({ type }) => type === "refused").length;
  if (refused > 0) throw new Error(`Cannot use it: ${refused} adds were refused`);
}

function addOf(index: number): Add {
  return { itemId: itemOf(index), likes: likesOf(index) };
}

function itemOf(index: number): string {
  return `video-${index % ITEMS}`;
}

function likesOf(index: number): bigint {
  return BigInt((index * 31) % (LIKES_MAX + 1));
}
