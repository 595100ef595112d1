/** OperatorService over gRPC: translates calls for the role's handler. */
import type { ServerUnaryCall, sendUnaryData } from "@grpc/grpc-js";
import type { OperatorRequest, OperatorResult } from "../../core/primary/primary_events.ts";
import type { TroubleStatus } from "../../core/primary/status.ts";
import { toStatus, toStatusOf } from "../faults.ts";
import type { ListTroublesRequest__Output } from "../gen/likes/v1/ListTroublesRequest.ts";
import type { ListTroublesResponse } from "../gen/likes/v1/ListTroublesResponse.ts";
import type { Decision } from "../gen/likes/v1/Decision.ts";
import type { ResolveRequest__Output } from "../gen/likes/v1/ResolveRequest.ts";
import type { RetireRequest__Output } from "../gen/likes/v1/RetireRequest.ts";
import { readListTroubles, readResolve, readRetire, writeDecision } from "../wire/operator_wire.ts";
import { protos } from "../protos.ts";
import type { AddServices } from "./server.ts";
import { writeTroubleStatus } from "../wire/trouble_wire.ts";

/** The response of the calls that decide. */
interface Decided {
  readonly decisions: Decision[];
}
type RetireCall = ServerUnaryCall<RetireRequest__Output, Decided>;
type ListCall = ServerUnaryCall<ListTroublesRequest__Output, ListTroublesResponse>;
type ResolveCall = ServerUnaryCall<ResolveRequest__Output, Decided>;

/** What the service needs from the role. */
export interface OperatorServiceHandler {
  /** Makes a decision. `done` is called once, after the disk sync or with a refusal. */
  decide(decision: OperatorRequest, done: (outcome: OperatorResult) => void): void;
  /** Returns the undecided troubles of a LikesServer, named by its outbox id or server id. */
  troublesOf(server: string): readonly TroubleStatus[];
}

/** Returns OperatorService for a server, answered by `handler`. */
export function operatorService(handler: OperatorServiceHandler): AddServices {
  const implementation = {
    retire: (call: RetireCall, callback: sendUnaryData<Decided>) => {
      decide(handler, () => readRetire(call.request), callback);
    },
    resolve: (call: ResolveCall, callback: sendUnaryData<Decided>) => {
      decide(handler, () => readResolve(call.request), callback);
    },
    listTroubles: (call: ListCall, callback: sendUnaryData<ListTroublesResponse>) => {
      try {
        const troubles = handler.troublesOf(readListTroubles(call.request));
        callback(null, { troubles: troubles.map(writeTroubleStatus) });
      } catch (error) {
        callback(toStatusOf(error));
      }
    },
  };
  return (server) => server.addService(protos.OperatorService.service, implementation);
}

function decide(
  handler: OperatorServiceHandler,
  read: () => OperatorRequest,
  callback: sendUnaryData<Decided>,
): void {
  try {
    handler.decide(read(), (outcome) => {
      if (outcome.type === "refused") return callback(toStatus(outcome.refusal));
      callback(null, { decisions: outcome.decisions.map(writeDecision) });
    });
  } catch (error) {
    callback(toStatusOf(error));
  }
}
