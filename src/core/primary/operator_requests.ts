/**
 * Requests of operators: which of them go to the ledger, and their answers.
 *
 * The ledger decides, in commit order. This file checks what only this start of the primary can
 * know: which members answer. A member that answers is never retired.
 */
import { unreachable } from "../../assert.ts";
import type { LedgerResult, OperatorDecision } from "../ledger/ledger_command.ts";
import type { IncarnationId } from "../protocol/ids.ts";
import type { OperatorRequest, OperatorResult } from "./primary_events.ts";
import { isSilent } from "./status.ts";
import type { StatusView } from "./status.ts";

type Retire = Extract<OperatorRequest, { readonly type: "retire" }>;
type Refused = Extract<OperatorResult, { readonly type: "refused" }>;

/** What is known at the time of a request. */
export interface OperatorView extends Pick<StatusView, "members" | "progress"> {
  /** The incarnations that stream: their LikesServer has reported recently. */
  readonly streaming: readonly IncarnationId[];
}

/** Returns the decision for the ledger, or the refusal of the request. */
export function decisionOf(
  request: OperatorRequest,
  view: OperatorView,
  nowMs: number,
): OperatorDecision | Refused {
  switch (request.type) {
    case "retire":
      return retirementOf(request, view, nowMs);
    case "resolve":
      return { ...request, streaming: view.streaming };
    default:
      return unreachable(request);
  }
}

/** Returns the answer to a request, from the ledger's result. */
export function answerOf(result: Extract<LedgerResult, { type: "decided" }>): OperatorResult {
  const { refusal, decisions } = result;
  return refusal === undefined ? { type: "decided", decisions } : { type: "refused", refusal };
}

function retirementOf(
  { server, reason }: Retire,
  { members, progress }: OperatorView,
  nowMs: number,
): OperatorDecision | Refused {
  const found = [...members.values()].filter(({ serverId, outboxId }) => {
    return serverId === server || outboxId === server;
  });
  const [member] = found;
  if (member === undefined)
    return refuseRetire(server, "no member has that server id or outbox id");
  if (found.length > 1) {
    const ids = found.map((one) => one.outboxId).join(", ");
    return refuseRetire(
      server,
      `${found.length} members have that server id; give an outbox id: ${ids}`,
    );
  }
  const { outboxId } = member;
  const latest = progress.get(outboxId);
  if (latest !== undefined && !isSilent(latest, nowMs)) {
    return refuseRetire(server, "it streams; stop it, which makes it leave");
  }
  return { type: "retire", outboxId, reason };
}

function refuseRetire(server: string, why: string): Refused {
  const message = `Cannot retire ${JSON.stringify(server)}: ${why}`;
  return { type: "refused", refusal: { code: "decision_refused", message } };
}
