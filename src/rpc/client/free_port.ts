/** Checks that a port is free, before anything is set up for a server that could not listen. */
import { createServer } from "node:net";
import { LikesError, messageOf } from "../../errors.ts";
import { listenTarget } from "../server/server.ts";
import type { ListenAddress } from "../server/server.ts";

/** Throws LikesError `port_taken` when this process cannot listen on `address`. */
export function expectFreePort(address: ListenAddress): Promise<void> {
  return new Promise((resolve, reject) => {
    const server = createServer();
    server.once("error", (cause) => {
      const found = `Cannot listen on ${listenTarget(address)}: ${messageOf(cause)}`;
      const wayOut = "choose another --port (0 means any free one)";
      reject(new LikesError("port_taken", `${found}; ${wayOut}`, { cause }));
    });
    server.listen({ ...address, exclusive: true }, () => server.close(() => resolve()));
  });
}
