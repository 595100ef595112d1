/** An operator socket in a temporary folder, served by a fake role. */
import { join } from "node:path";
import type { DecisionRow } from "../../src/core/ledger/rows.ts";
import type { OperatorRequest, OperatorResult } from "../../src/core/primary/primary_events.ts";
import type { TroubleStatus } from "../../src/core/primary/status.ts";
import { serveOperator } from "../../src/rpc/server/operator_socket.ts";
import type { RpcServer } from "../../src/rpc/server/server.ts";
import { temporaryFolder } from "../fixtures/temporary_folder.ts";
import { testId } from "../store/faults.ts";

/** A decision of an operator who closed a gap. */
export const DECISION: DecisionRow = {
  number: 4,
  kind: "resolve",
  trouble: { number: 3, kind: "gap" },
  outboxId: testId(1),
  incarnation: testId(2),
  givenUp: { first: 5, last: 2 ** 53 - 1 },
  asOfMs: 10,
  decidedMs: 20,
  reason: "the disk was replaced",
};

/** A trouble of the LikesServer `a`. */
export const TROUBLE = {
  number: 3,
  kind: "gap",
  serverId: "a",
  outboxId: testId(1),
  incarnation: testId(2),
  events: { first: 5, last: 2 ** 53 - 1 },
  digest: undefined,
  detail: "they are lost",
  sinceMs: 30,
  doubtfulAsOf: undefined,
} as const satisfies TroubleStatus;

/** A socket that is served until it is disposed. */
export interface ServedDecisions extends AsyncDisposable {
  readonly path: string;
  readonly server: RpcServer;
  /** The requests, in order. */
  readonly requests: readonly OperatorRequest[];
}

/** Serves a fake role that answers every request with `outcome`; without one, never. */
export async function serveDecided(
  outcome: OperatorResult | undefined,
  troubles: readonly TroubleStatus[] = [],
): Promise<ServedDecisions> {
  const folder = temporaryFolder();
  const path = join(folder.path, "operator.sock");
  const requests: OperatorRequest[] = [];
  const server = await serveOperator(path, {
    decide: (decision, done) => {
      requests.push(decision);
      if (outcome !== undefined) done(outcome);
    },
    troublesOf: (server) => troubles.filter(({ serverId }) => serverId === server),
  });
  const dispose = async (): Promise<void> => {
    await server.close();
    await folder[Symbol.asyncDispose]();
  };
  return { path, server, requests, [Symbol.asyncDispose]: dispose };
}
