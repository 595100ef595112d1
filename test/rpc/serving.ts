/** A server on a free port of loopback, in this process, with services whose roles are made up. */
import type { Counts } from "../../src/rpc/wire/counts_wire.ts";
import type { PrimaryServiceHandler } from "../../src/rpc/server/primary_service.ts";
import type { LikesServiceHandler } from "../../src/rpc/server/likes_service.ts";
import type { AddServices } from "../../src/rpc/server/server.ts";
import { RpcServer } from "../../src/rpc/server/server.ts";
import type { ServerStatus, Status } from "../../src/core/primary/status.ts";
import { testId } from "../store/faults.ts";

/** A server that listens until it is disposed of. */
export interface Serving extends AsyncDisposable {
  readonly address: string;
  readonly server: RpcServer;
}

/** Serves `services`, with reflection if asked for. */
export async function serve(services: AddServices, reflect = false): Promise<Serving> {
  const server = new RpcServer({ service: "likes.v1.LikesService", reflect }, services);
  const port = await server.listen({ host: "127.0.0.1", port: 0 });
  return {
    address: `127.0.0.1:${port}`,
    server,
    [Symbol.asyncDispose]: () => server.close(),
  };
}

/** What a LikesService that was never asked would do. */
export const NO_LIKES: LikesServiceHandler = {
  serverId: "a",
  add: () => {
    throw new Error("a secret: nobody was expected to give");
  },
  total: () => undefined,
  count: () => {
    throw new Error("a secret: nobody was expected to ask");
  },
};

/** What a PrimaryService that was never asked would do. */
export const NO_PRIMARY: PrimaryServiceHandler = {
  open: () => ({ received: () => {}, writable: () => {}, closed: () => {} }),
  status: () => emptyStatus(1),
  counts: () => {
    throw new Error("a secret: nobody was expected to count");
  },
};

/** The counts of a counter without items. */
export const NO_COUNTS: Counts = {
  counts: [],
  convergence: "converged",
  asOfMs: 1,
  version: 1,
  nextPageToken: "",
  applied: [],
  ledgerId: testId(1),
  generation: testId(2),
};

/** The status of a counter without members. */
export function emptyStatus(version: number): Status {
  return {
    convergence: "converged",
    everywhere: true,
    totalLikes: 0n,
    pendingEvents: 0,
    asOfMs: 1,
    nowMs: 2,
    startedMs: 1,
    ledgerId: testId(1),
    generation: testId(2),
    version,
    servers: [],
    troubles: [],
    troubleCount: 0,
    foreignServers: [],
    unrecorded: [],
    writeFailure: undefined,
  };
}

/** The status of one member that streams. */
export function serverStatus(index: number): ServerStatus {
  return {
    serverId: `likes-server-${index}`,
    outboxId: testId(index),
    incarnation: testId(index),
    address: `127.0.0.1:${index}`,
    state: "streaming",
    troubleCount: 0,
    lastSequence: index,
    appliedSequence: index,
    acceptedLikes: 1n,
    appliedLikes: 1n,
    knownTotalLikes: 1n,
    silentForMs: 0,
    pendingEvents: 0,
  };
}
