/** A server on a free loopback port in this process, whose services have fake roles. */
import type { Counts } from "../../src/core/primary/counts_reader.ts";
import type { PrimaryServiceHandler } from "../../src/rpc/server/primary_service.ts";
import type { LikesServiceHandler } from "../../src/rpc/server/likes_service.ts";
import type { AddServices } from "../../src/rpc/server/server.ts";
import { RpcServer } from "../../src/rpc/server/server.ts";
import type { ServerStatus, Status } from "../../src/core/primary/status.ts";
import { testId } from "../store/faults.ts";

/** A server that listens until it is disposed. */
export interface Serving extends AsyncDisposable {
  readonly address: string;
  readonly server: RpcServer;
}

/** Serves `services`, with reflection on request. */
export async function serve(services: AddServices, reflect = false): Promise<Serving> {
  const server = new RpcServer({ service: "likes.v1.LikesService", reflect }, services);
  const port = await server.listen({ host: "127.0.0.1", port: 0 });
  return {
    address: `127.0.0.1:${port}`,
    server,
    [Symbol.asyncDispose]: () => server.close(),
  };
}

/** A handler for a LikesService that no test should call. */
export const NO_LIKES: LikesServiceHandler = {
  serverId: "a",
  add: () => {
    throw new Error("a secret: unexpected add()");
  },
  set: () => {
    throw new Error("a secret: unexpected set()");
  },
  forget: () => {
    throw new Error("a secret: unexpected forget()");
  },
  total: () => undefined,
  count: () => {
    throw new Error("a secret: unexpected total() or count()");
  },
};

/** A handler for a PrimaryService that no test should call. */
export const NO_PRIMARY: PrimaryServiceHandler = {
  open: () => ({ received: () => {}, writable: () => {}, closed: () => {} }),
  status: () => emptyStatus(1),
  count: () => {
    throw new Error("a secret: unexpected count()");
  },
};

/** Returns a `count` that answers every request with `counts`. */
export function answering(counts: Counts): PrimaryServiceHandler["count"] {
  return (_request, done) => done({ type: "counted", counts });
}

/** The counts of a counter without items. */
export const NO_COUNTS: Counts = {
  counts: [],
  convergence: "converged",
  asOfMs: 1,
  version: 1,
  nextPageToken: "",
  applied: [],
  registers: [],
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
