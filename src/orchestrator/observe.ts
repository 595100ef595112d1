/** Reads all outboxes of a run, and asks all of its processes what they show. */
import { existsSync, readdirSync } from "node:fs";
import { join } from "node:path";
import { messageOf } from "../errors.ts";
import { LikesClient } from "../rpc/likes_client.ts";
import { PrimaryClient } from "../rpc/primary_client.ts";
import { readOutbox } from "../store/outbox_reader.ts";
import type { OutboxTally } from "../store/outbox_reader.ts";
import { PRIMARY } from "./verdict.ts";
import type { Observation, Shown } from "./verdict.ts";

/** A process that does not answer within this shows nothing. */
const ANSWER_WAIT_MAX_MS = 2_000;

/** A LikesServer of the run. */
export interface ObservedServer {
  readonly serverId: string;
  readonly address: string;
}

/** Observes one run, again and again, over connections that it keeps. */
export class Observer {
  readonly #dataDir: string;
  readonly #primary: PrimaryClient;
  readonly #servers: readonly { readonly serverId: string; readonly client: LikesClient }[];

  constructor(dataDir: string, primary: string, servers: readonly ObservedServer[]) {
    this.#dataDir = dataDir;
    this.#primary = new PrimaryClient(primary);
    this.#servers = servers.map(({ serverId, address }) => ({
      serverId,
      client: new LikesClient(address),
    }));
  }

  /** The accepted sums first, then what is shown: likes between the two show as not exact yet. */
  async observe(): Promise<Observation> {
    const ids = this.#servers.map(({ serverId }) => serverId);
    const { outboxes, unreadable } = readOutboxes(this.#dataDir, ids);
    const asked = this.#servers.map(({ serverId, client }) =>
      show(serverId, client.total(ANSWER_WAIT_MAX_MS)),
    );
    const status = await this.#primary.status(ANSWER_WAIT_MAX_MS).catch(() => undefined);
    const known = new Set(outboxes.map(({ outboxId }) => outboxId));
    const strangers = (status?.servers ?? []).filter(({ outboxId }) => !known.has(outboxId));
    for (const { serverId, outboxId } of strangers) {
      const why = `its outbox ${outboxId} is not in ${this.#dataDir}`;
      unreadable.push(`Cannot read the outbox of ${serverId}: ${why}`);
    }
    const shown = [
      { name: PRIMARY, totalLikes: status?.totalLikes },
      ...(await Promise.all(asked)),
    ];
    return { outboxes, unreadable, shown, everywhere: status?.everywhere ?? false };
  }

  close(): void {
    this.#primary.close();
    for (const { client } of this.#servers) client.close();
  }
}

/** The tallies of all outboxes in `dataDir`, those of `serverIds` among them. */
export function readOutboxes(
  dataDir: string,
  serverIds: readonly string[],
): { readonly outboxes: readonly OutboxTally[]; readonly unreadable: string[] } {
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

async function show(name: string, total: Promise<{ totalLikes: bigint }>): Promise<Shown> {
  try {
    return { name, totalLikes: (await total).totalLikes };
  } catch {
    return { name, totalLikes: undefined }; // it does not answer: that is what is to be told
  }
}
