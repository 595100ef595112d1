/** Reads all outboxes of a run, and asks all of its processes for their total. */
import { existsSync, readdirSync } from "node:fs";
import { join } from "node:path";
import type { ServerStatus, Status } from "../core/primary/status.ts";
import { messageOf } from "../errors.ts";
import { LikesClient } from "../rpc/client/likes_client.ts";
import { PrimaryClient } from "../rpc/client/primary_client.ts";
import { readOutbox } from "../store/outbox/outbox_reader.ts";
import type { OutboxTally } from "../store/outbox/outbox_reader.ts";
import { GivenLikes } from "./given_likes.ts";
import { PRIMARY } from "./verdict.ts";
import type { Observation, Shown } from "./verdict.ts";
import type { OutboxId } from "../core/protocol/ids.ts";

/** A process that takes longer to answer counts as showing nothing. */
const OBSERVE_WAIT_MAX_MS = 2_000;

/** What an observer observes. */
export interface ObserverOptions {
  readonly dataDir: string;
  /** Address of the primary. */
  readonly primary: string;
  readonly servers: readonly { readonly serverId: string; readonly address: string }[];
  /** Members seen so far, with their server ids. The status no longer lists those that left. */
  readonly members: ReadonlyMap<OutboxId, string>;
  /** LikesServers that may still add likes: while there are any, no observation is final. */
  readonly unfinished: readonly string[];
  readonly onStatus: (status: Status) => void;
}

/** Observes one run repeatedly, over connections that it keeps open. */
export class Observer {
  readonly #options: ObserverOptions;
  readonly #primary: PrimaryClient;
  readonly #given = new GivenLikes();
  readonly #clients: ReadonlyMap<string, LikesClient>;

  constructor(options: ObserverOptions) {
    this.#options = options;
    this.#primary = new PrimaryClient(options.primary);
    this.#clients = new Map(
      options.servers.map(({ serverId, address }) => [serverId, new LikesClient(address)]),
    );
  }

  /** Reads the outboxes first, then asks. A like added in between shows as not exact yet. */
  async observe(): Promise<Observation> {
    const { dataDir, onStatus, unfinished } = this.#options;
    const given = this.#given;
    const { outboxes, unreadable } = readOutboxes(dataDir, [...this.#clients.keys()], given);
    const asked = [...this.#clients].map(([serverId, client]) => shownBy(serverId, client));
    // The verdict reports a primary that does not answer.
    const status = await this.#primary.status(OBSERVE_WAIT_MAX_MS).catch(() => undefined);
    if (status !== undefined) onStatus(status);
    return {
      outboxes,
      givenLikes: given.likes,
      unreadable: [...unreadable, ...this.#elsewhere(outboxes)],
      shown: [{ name: PRIMARY, totalLikes: status?.totalLikes }, ...(await Promise.all(asked))],
      everywhere: (status?.everywhere ?? false) && unfinished.length === 0,
      outstanding: [
        ...unfinished.map((serverId) => `${serverId} may still add likes`),
        ...(status?.servers ?? []).flatMap(outstanding),
      ],
    };
  }

  close(): void {
    this.#primary.close();
    for (const client of this.#clients.values()) client.close();
  }

  /** Members whose outboxes are not in the data folder, one text each. */
  #elsewhere(outboxes: readonly OutboxTally[]): string[] {
    const { members, dataDir } = this.#options;
    const known = new Set(outboxes.map(({ outboxId }) => outboxId));
    return [...members]
      .filter(([outboxId]) => !known.has(outboxId))
      .map(([outboxId, serverId]) => `${serverId}: its outbox ${outboxId} is not in ${dataDir}`);
  }
}

/**
 * Returns the tallies of all outboxes in `dataDir`. Each of `serverIds` must have one. `given` reads
 * their events.
 */
export function readOutboxes(
  dataDir: string,
  serverIds: readonly string[],
  given?: GivenLikes,
): { readonly outboxes: readonly OutboxTally[]; readonly unreadable: readonly string[] } {
  const found = existsSync(dataDir) ? readdirSync(dataDir) : [];
  const held = found.filter((name) => existsSync(join(dataDir, name, "outbox.sqlite")));
  const outboxes: OutboxTally[] = [];
  const unreadable: string[] = [];
  for (const name of new Set([...held, ...serverIds])) {
    try {
      given?.read(join(dataDir, name));
      outboxes.push(readOutbox(join(dataDir, name)));
    } catch (error) {
      unreadable.push(`${name}: ${messageOf(error)}`);
    }
  }
  return { outboxes, unreadable };
}

async function shownBy(name: string, client: LikesClient): Promise<Shown> {
  // The verdict reports a LikesServer that does not answer.
  const total = await client.total(OBSERVE_WAIT_MAX_MS).catch(() => undefined);
  return { name, totalLikes: total?.totalLikes };
}

/** Returns what the primary still waits for from a member. */
function outstanding({ serverId, state, troubleCount, pendingEvents }: ServerStatus): string[] {
  if (state === "silent") return [`${serverId} is silent`];
  if (troubleCount > 0) return [`${serverId} is in trouble`];
  return pendingEvents === 0 ? [] : [`${serverId} has ${pendingEvents} events pending`];
}
