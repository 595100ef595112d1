/** A world that did not get where it should, for who reads the failure. */
import type { PrimaryProcess } from "./primary.ts";
import type { LikesServerSeat } from "./seat.ts";

interface Described {
  readonly primary: PrimaryProcess | undefined;
  readonly seats: readonly LikesServerSeat[];
}

/** What everybody shows, in one line of JSON. */
export function describe({ primary, seats }: Described): string {
  const likesServers = seats.map(({ serverId, process, isHeldDown }) => ({
    serverId,
    isHeldDown,
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
