/** A primary and one LikesServer, as two bench processes with a temporary folder. */
import { join } from "node:path";
import { setTimeout as pause } from "node:timers/promises";
import type { Status } from "../src/core/primary/status.ts";
import { PrimaryClient } from "../src/rpc/client/primary_client.ts";
import { readOutbox } from "../src/store/outbox/outbox_reader.ts";
import { temporaryFolder } from "../test/fixtures/temporary_folder.ts";
import { BenchProcess } from "./bench_process.ts";
import { preciseMs } from "./clock.ts";
import { expectSame } from "./figure.ts";
import type { Row } from "./figure.ts";
import type { PrimaryMoments } from "./taps.ts";

const ANSWER_WAIT_MS = 30_000;
const POLL_MS = 100;
/** A backlog that takes longer counts as stuck. */
const CONVERGED_WAIT_MAX_MS = 120_000;
/** The LikesServer of a bench counter. */
export const SERVER_ID = "likes-server-0";

/** Processor time of both roles. */
export interface ProcessorMs {
  readonly likesServer: number;
  readonly primary: number;
}

/** What made others wait longest, in milliseconds. */
export interface Longest {
  /** The longest time for which the event loop of a role handled nothing else. */
  readonly primaryStopMs: number;
  readonly likesServerStopMs: number;
  readonly commitMs: number;
}

/** Returns the rows of the longest waits of several runs. */
export function longestRows(name: string, runs: readonly { readonly longest: Longest }[]): Row[] {
  const row = (what: string, of: keyof Longest): Row => {
    const values = runs.map(({ longest }) => longest[of]);
    return { name: `${name}: longest ${what}`, unit: "ms", values };
  };
  return [
    row("stop of the primary's event loop", "primaryStopMs"),
    row("stop of the LikesServer's event loop", "likesServerStopMs"),
    row("commit", "commitMs"),
  ];
}

/** The processes and the folder of their state. */
export class BenchCounter implements AsyncDisposable {
  readonly #folder = temporaryFolder();
  readonly primary = new BenchProcess("primary");
  readonly likesServer = new BenchProcess("likes_server");
  #primaryAddress = "";

  get dataDir(): string {
    return this.#folder.path;
  }

  get outboxDir(): string {
    return join(this.dataDir, SERVER_ID);
  }

  /**
   * Starts both. Returns the address of the LikesServer, which accepts likes. With a `site` it has
   * pages, too.
   */
  async start(site?: string): Promise<string> {
    const { dataDir } = this;
    this.#primaryAddress = await this.primary.ask<string>("start", { dataDir });
    const options = { dataDir, serverId: SERVER_ID, primary: this.#primaryAddress, site };
    return this.likesServer.ask<string>("start", options);
  }

  /** Returns the processor time that both have used so far, in milliseconds. */
  async processorMs(): Promise<ProcessorMs> {
    const likesServer = await this.likesServer.ask<number>("processorMs");
    return { likesServer, primary: await this.primary.ask<number>("processorMs") };
  }

  /** Returns the longest waits since the last request for them, or since the first. */
  async longest(): Promise<Longest> {
    const primaryStopMs = await this.primary.ask<number>("longestStopMs");
    const likesServerStopMs = await this.likesServer.ask<number>("longestStopMs");
    const commitMs = await this.primary.ask<number>("longestCommitMs");
    return { primaryStopMs, likesServerStopMs, commitMs };
  }

  /** Returns the times that the primary recorded. */
  moments(): Promise<PrimaryMoments> {
    return this.primary.ask<PrimaryMoments>("moments");
  }

  /**
   * Waits until all likes are applied and shown everywhere, and stops both. Throws unless the total
   * and the outbox equal what was added to a ledger of `before` likes.
   */
  async expectExact(added: {
    readonly events: number;
    readonly likes: bigint;
    readonly before: bigint;
  }): Promise<void> {
    const { totalLikes, servers } = await this.#converged();
    expectSame("the total", totalLikes, added.before + added.likes);
    const { events, likes } = readOutbox(this.outboxDir);
    expectSame("the number of events in the outbox", events, added.events);
    expectSame("the likes in the outbox", likes, added.likes);
    expectSame("the members", servers.length, 1);
    expectSame(
      "the number of events pending in the outbox",
      await this.likesServer.ask<number>("stop"),
      0,
    );
    await this.primary.ask("stop");
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.likesServer[Symbol.asyncDispose]();
    await this.primary[Symbol.asyncDispose]();
    await this.#folder[Symbol.asyncDispose]();
  }

  async #converged(): Promise<Status> {
    const client = new PrimaryClient(this.#primaryAddress);
    const lateMs = preciseMs() + CONVERGED_WAIT_MAX_MS;
    try {
      while (preciseMs() < lateMs) {
        const status = await client.status(ANSWER_WAIT_MS);
        if (status.everywhere && status.pendingEvents === 0) {
          await client.counts({}, ANSWER_WAIT_MS); // a page waits until the intake is folded
          return status;
        }
        await pause(POLL_MS);
      }
      throw new Error(`Cannot see convergence within ${CONVERGED_WAIT_MAX_MS} ms`);
    } finally {
      client.close();
    }
  }
}
