/** Where the servers of the pages listen. */
import type { Server } from "node:http";
import { LikesError, messageOf } from "../errors.ts";
import { formatAddress } from "../text/address.ts";
import type { Address } from "../text/address.ts";

/** Listens, to serve `what`. Returns the address with its real port. Throws LikesError `port_taken`. */
export async function listen(
  server: Server,
  { host, port }: Address,
  what: string,
): Promise<Address> {
  await new Promise<void>((resolve, reject) => {
    server.once("error", reject);
    server.listen({ host, port }, resolve);
  }).catch((error: unknown) => {
    const message = `Cannot serve ${what} at ${formatAddress({ host, port })}: ${messageOf(error)}`;
    throw new LikesError("port_taken", message, { cause: error });
  });
  const bound = server.address();
  return { host, port: typeof bound === "object" && bound !== null ? bound.port : port };
}
