/**
 * Runs a counter of real processes through phases of the same load, and asks each process after
 * each phase what it holds.
 *
 * Part one: the primary keeps running while likes are added, watchers come and go, and a
 * LikesServer is killed and restarted. Part two: the primary is killed and restarted while likes
 * are added.
 */
import { setTimeout as pause } from "node:timers/promises";
import { likesAt } from "../../src/demo/generator.ts";
import { LikesClient } from "../../src/rpc/client/likes_client.ts";
import { PrimaryClient } from "../../src/rpc/client/primary_client.ts";
import { becomes } from "../fixtures/eventually.ts";
import { healthOf } from "../fixtures/health.ts";
import { Counter } from "../fixtures/roles.ts";
import type { Role } from "../fixtures/roles.ts";
import { askFootprint, footprintEnv, leastFootprint } from "./footprint.ts";
import type { Footprint } from "./footprint.ts";
import type { Growth } from "./growth.ts";

const CALL_WAIT_MS = 10_000;
const ASKED_TIMES = 3;
const ASKED_PAUSE_MS = 200;
const CLIENTS = 32;
const ITEMS = 50;

/** Options of the load. */
export interface LeakRunOptions {
  readonly seed: number;
  /** Measured phases of each part, after `warmUp` unmeasured ones. */
  readonly phases: number;
  readonly warmUp: number;
  /** Likes added, watchers that come and go, and kills, per phase. */
  readonly events: number;
  readonly watchers: number;
  readonly deaths: number;
  readonly print: (line: string) => void;
}

/** A process that ran through all phases of a part. */
export interface MeasuredProcess {
  readonly part: string;
  readonly name: string;
  readonly footprints: readonly Footprint[];
}

/** Runs both parts. */
export async function leakRun(options: LeakRunOptions): Promise<MeasuredProcess[]> {
  const run = new LeakRun(options);
  return [...(await run.livingPrimary()), ...(await run.dyingPrimary())];
}

class LeakRun {
  readonly #options: LeakRunOptions;
  #added = 0;

  constructor(options: LeakRunOptions) {
    this.#options = options;
  }

  async livingPrimary(): Promise<MeasuredProcess[]> {
    const env = footprintEnv();
    await using counter = new Counter();
    const primary = await counter.startPrimary({ env });
    const first = await counter.startAccepting("first", { env });
    const second = await counter.startAccepting("second", { env });
    let third = await counter.startAccepting("third");
    const dying = async (): Promise<void> => {
      for (let death = 0; death < this.#options.deaths; death++) {
        await third.end("SIGKILL");
        third = await counter.startAccepting("third");
      }
    };
    const phase = async (): Promise<void> => {
      const steady = [first, second];
      await Promise.all([this.#add(steady), this.#read(counter, steady), dying()]);
      await converged(counter);
    };
    return await this.#measure("living primary", { primary, first, second }, phase);
  }

  async dyingPrimary(): Promise<MeasuredProcess[]> {
    const env = footprintEnv();
    await using counter = new Counter();
    let primary = await counter.startPrimary();
    const first = await counter.startAccepting("first", { env });
    const second = await counter.startAccepting("second", { env });
    const dying = async (): Promise<void> => {
      for (let death = 0; death < this.#options.deaths; death++) {
        await primary.end("SIGKILL");
        primary = await counter.startPrimary();
        await connected(counter);
      }
    };
    const phase = async (): Promise<void> => {
      await Promise.all([this.#add([first, second]), dying()]);
      await converged(counter);
    };
    return await this.#measure("dying primary", { first, second }, phase);
  }

  async #measure(
    part: string,
    roles: Readonly<Record<string, Role>>,
    phase: () => Promise<void>,
  ): Promise<MeasuredProcess[]> {
    const { phases, warmUp, print } = this.#options;
    const measured = Object.entries(roles).map(([name, role]) => {
      return { part, name, role, footprints: [] as Footprint[] };
    });
    for (let number = 1 - warmUp; number <= phases; number++) {
      await phase();
      const asked = measured.map(async ({ name, role, footprints }) => {
        const footprint = await settledFootprint(role);
        if (number > 0) footprints.push(footprint);
        print(`${part}  phase ${number}  ${name}  ${footprintText(footprint)}`);
      });
      await Promise.all(asked);
    }
    return measured.map(({ name, footprints }) => ({ part, name, footprints }));
  }

  /** Adds this phase's likes at `roles`, with a fixed number of clients. */
  async #add(roles: readonly Role[]): Promise<void> {
    const clients = roles.map(({ address }) => new LikesClient(address));
    const plan = { seed: this.#options.seed, serverId: "", intervalMinMs: 1, intervalMaxMs: 1 };
    let left = this.#options.events;
    const client = async (): Promise<void> => {
      while (left-- > 0) {
        const number = this.#added++;
        const likes = BigInt(likesAt({ ...plan, likesMax: 42, persons: 0 }, number));
        const client = clients[number % clients.length];
        await client?.addLikes({ itemId: `item ${number % ITEMS}`, likes }, CALL_WAIT_MS);
      }
    };
    await Promise.all(Array.from({ length: CLIENTS }, client));
    for (const client of clients) client.close();
  }

  /** Runs watchers that see two states and leave, and makes all other read calls. */
  async #read(counter: Counter, roles: readonly Role[]): Promise<void> {
    for (let watcher = 0; watcher < this.#options.watchers; watcher++) {
      const client = new PrimaryClient(counter.primary);
      const watching = { intervalMs: 100, firstMs: CALL_WAIT_MS };
      let seen = 0;
      for await (const _status of client.watch(watching)) if (++seen === 2) break;
      await client.counts({ pageSize: 10 }, CALL_WAIT_MS);
      client.close();
      await healthOf(counter.primary);
      for (const role of roles) await counter.total(role);
    }
  }
}

/** Waits until every LikesServer has reported to the primary since its start. */
async function connected(counter: Counter): Promise<void> {
  await becomes("all connected", async () => {
    const { servers } = await counter.status();
    return servers.every(({ state }) => state === "streaming");
  });
}

async function converged(counter: Counter): Promise<void> {
  await becomes("convergence", async () => {
    return (await counter.status()).everywhere;
  });
}

/** Returns what a role holds once closed resources are gone. */
async function settledFootprint(role: Role): Promise<Footprint> {
  const footprints: Footprint[] = [];
  for (let asked = 0; asked < ASKED_TIMES; asked++) {
    await pause(ASKED_PAUSE_MS);
    footprints.push(await askFootprint(role));
  }
  return leastFootprint(footprints);
}

/** `9.31 MiB heap, 27 descriptors, 12 handles`. */
function footprintText({ heapBytes, descriptors, handles }: Footprint): string {
  const heap = (heapBytes / 1024 / 1024).toFixed(2);
  return `${heap} MiB heap, ${descriptors} descriptors, ${handles} handles`;
}

/** `dying primary: first: heapBytes grew by 1234567 over the phases: at most 262144`. */
export function growthText({ part, name }: MeasuredProcess, { of, by, tolerance }: Growth): string {
  return `${part}: ${name}: ${of} grew by ${by} over the phases: at most ${tolerance}`;
}
