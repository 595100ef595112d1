/** Reads all outboxes of a run, and asks all of its processes what they show. */
import { existsSync, readdirSync } from "node:fs";
import { join } from "node:path";
import type { ServerStatus, Status } from "../core/primary/status.ts";
import { messageOf } from "../errors.ts";
import { LikesClient } from "../rpc/client/likes_client.ts";
import { PrimaryClient } from "../rpc/client/primary_client.ts";
import { readOutbox } from "../store/outbox/outbox_reader.ts";
import type { OutboxTally } from "../store/outbox/outbox_reader.ts";
import { PRIMARY } from "./verdict.ts";
import type { Observation, Shown } from "./verdict.ts";
import type { OutboxId } from "../core/protocol/ids.ts";

/** A process that does not answer within this shows nothing. */
const OBSERVE_WAIT_MAX_MS = 2_000;

/** What is to be observed. */
export interface ObserverOptions {
  readonly dataDir: string;
  /** Address of the primary. */
  readonly primary: string;
  readonly servers: readonly { readonly serverId: string; readonly address: string }[];
  /** Members that were seen before: those that have left are not in the status any more. */
  readonly members: ReadonlyMap<OutboxId, string>;
  /** LikesServers that may still give a like: what is found is not the end then. */
  readonly unfinished: readonly string[];
  readonly onStatus: (status: Status) => void;
}

/** Observes one run, again and again, over connections that it keeps. */
export class Observer {
  readonly #options: ObserverOptions;
  readonly #primary: PrimaryClient;
  readonly #clients: ReadonlyMap<string, LikesClient>;

  constructor(options: ObserverOptions) {
    this.#options = options;
    this.#primary = new PrimaryClient(options.primary);
    this.#clients = new Map(
      options.servers.map(({ serverId, address }) => [serverId, new LikesClient(address)]),
    );
  }

  /** The accepted sums first, then what is shown: likes between the two show as not exact yet. */
  async observe(): Promise<Observation> {
    const { dataDir, onStatus, unfinished } = this.#options;
    const { outboxes, unreadable } = readOutboxes(dataDir, [...this.#clients.keys()]);
    const asked = [...this.#clients].map(([serverId, client]) => shownBy(serverId, client));
    // No answer is no status: it is what the verdict then says.
    const status = await this.#primary.status(OBSERVE_WAIT_MAX_MS).catch(() => undefined);
    if (status !== undefined) onStatus(status);
    return {
      outboxes,
      unreadable: [...unreadable, ...this.#elsewhere(outboxes)],
      shown: [{ name: PRIMARY, totalLikes: status?.totalLikes }, ...(await Promise.all(asked))],
      everywhere: (status?.everywhere ?? false) && unfinished.length === 0,
      outstanding: [
        ...unfinished.map((serverId) => `${serverId} has not stopped giving`),
        ...(status?.servers ?? []).flatMap(outstanding),
      ],
    };
  }

  close(): void {
    this.#primary.close();
    for (const client of this.#clients.values()) client.close();
  }

  /** Members that keep their outbox where this parent cannot read it. */
  #elsewhere(outboxes: readonly OutboxTally[]): string[] {
    const { members, dataDir } = this.#options;
    const known = new Set(outboxes.map(({ outboxId }) => outboxId));
    return [...members]
      .filter(([outboxId]) => !known.has(outboxId))
      .map(([outboxId, serverId]) => `${serverId}: its outbox ${outboxId} is not in ${dataDir}`);
  }
}

/** The tallies of all outboxes in `dataDir`, those of `serverIds` among them. */
export function readOutboxes(
  dataDir: string,
  serverIds: readonly string[],
): { readonly outboxes: readonly OutboxTally[]; readonly unreadable: readonly string[] } {
  const found = existsSync(dataDir) ? readdirSync(dataDir) : [];
  const held = found.filter((name) => existsSync(join(dataDir, name, "outbox.sqlite")));
  const outboxes: OutboxTally[] = [];
  const unreadable: string[] = [];
  for (const name of new Set([...held, ...serverIds])) {
    try {
      outboxes.push(readOutbox(join(dataDir, name)));
    } catch (error) {
      unreadable.push(`${name}: ${messageOf(error)}`);
    }
  }
  return { outboxes, unreadable };
}

/** What a LikesServer shows; nothing when it does not answer, which is what is to be told then. */
async function shownBy(name: string, client: LikesClient): Promise<Shown> {
  // No answer is nothing shown.
  const total = await client.total(OBSERVE_WAIT_MAX_MS).catch(() => undefined);
  return { name, totalLikes: total?.totalLikes };
}

/** What the primary still waits for from a member. */
function outstanding({ serverId, state, troubleCount, pendingEvents }: ServerStatus): string[] {
  if (state === "silent") return [`${serverId} is silent`];
  if (troubleCount > 0) return [`${serverId} is in trouble`];
  return pendingEvents === 0 ? [] : [`${serverId} has ${pendingEvents} events pending`];
}
