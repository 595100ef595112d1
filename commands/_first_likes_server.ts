/** Connects to a LikesServer: a named one, or one that the primary knows. */
import { monotonicMs } from "../src/monotonic.ts";
import type { LikesClient } from "../src/rpc/client/likes_client.ts";
import { PRIMARY_ADDRESS, addressFlag } from "./_flags.ts";

/** The LikesServer to ask. */
export const serverFlag = addressFlag({
  summary: "address of a LikesServer; without it the primary names one",
  helpValue: "HOST:PORT",
  exclusive: ["primary"],
});

/** Where to look for a LikesServer. */
interface Where {
  readonly server?: string | undefined;
  readonly primary?: string;
}

/** A connected LikesServer. */
export interface FoundLikesServer {
  readonly client: LikesClient;
  /** Where it is, for people; undefined when it was named. */
  readonly found: string | undefined;
}

/** Connects until `untilMs`. Throws LikesError `peer_unreachable`. */
export async function firstLikesServer(
  { server, primary = PRIMARY_ADDRESS }: Where,
  untilMs: number,
): Promise<FoundLikesServer> {
  const { reachFirst } = await import("../src/rpc/client/reach_first.ts");
  const { streamingAddresses } = await import("./_streaming_addresses.ts");
  const addresses = server === undefined ? await streamingAddresses(primary, untilMs) : [server];
  const client = await reachFirst(addresses, untilMs - monotonicMs());
  const found = `at ${client.address}, an address from the primary at ${primary}`;
  return { client, found: server === undefined ? found : undefined };
}
