/** Describes a world that did not reach its goal, for the reader of the failure. */
import type { PrimaryProcess } from "./primary.ts";
import type { LikesServerHost } from "./host.ts";

interface DescribedWorld {
  readonly primary: PrimaryProcess | undefined;
  readonly hosts: readonly LikesServerHost[];
}

/** Returns what the primary and every LikesServer show, as one line of JSON. */
export function describe({ primary, hosts }: DescribedWorld): string {
  const likesServers = hosts.map(({ serverId, process, isKeptDown }) => ({
    serverId,
    isKeptDown,
    total: process?.core?.total(process.nowMs),
    accepting: process?.core?.isAccepting,
    pending: process?.core?.pendingEvents,
    troubles: process?.core?.troubles,
  }));
  const status = primary?.core?.status(primary.nowMs);
  return JSON.stringify({ status, likesServers }, (_key, value: unknown) =>
    typeof value === "bigint" ? Number(value) : value,
  );
}
