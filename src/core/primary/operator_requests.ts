/**
 * What operators ask: which requests go to the ledger, and what is answered.
 *
 * The ledger decides, in its own order. Only what this start of the primary alone can know is
 * checked here: who answers. A member that answers is never retired.
 */
import { unreachable } from "../../assert.ts";
import type { LedgerResult, OperatorDecision } from "../ledger/ledger_command.ts";
import type { IncarnationId } from "../protocol/ids.ts";
import type { OperatorRequest, OperatorResult } from "./primary_events.ts";
import { isSilent } from "./status.ts";
import type { StatusView } from "./status.ts";

type Retire = Extract<OperatorRequest, { readonly type: "retire" }>;
type Refused = Extract<OperatorResult, { readonly type: "refused" }>;

/** What is known when an operator asks. */
export interface OperatorView extends Pick<StatusView, "members" | "tracker"> {
  /** The incarnations whose LikesServer has reported lately. */
  readonly streaming: readonly IncarnationId[];
}

/** Returns the decision that the ledger is to make, or the answer when it is refused at once. */
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

/** Returns the answer to a request that the ledger has decided. */
export function answerOf(result: Extract<LedgerResult, { type: "decided" }>): OperatorResult {
  const { refusal, decisions } = result;
  return refusal === undefined ? { type: "decided", decisions } : { type: "refused", refusal };
}

function retirementOf(
  { server, reason }: Retire,
  { members, tracker }: OperatorView,
  nowMs: number,
): OperatorDecision | Refused {
  const found = [...members.values()].filter(({ serverId, outboxId }) => {
    return serverId === server || outboxId === server;
  });
  const [member] = found;
  if (member === undefined) return refuseRetire(server, "no member of that name is known");
  if (found.length > 1) {
    const ids = found.map((one) => one.outboxId).join(", ");
    return refuseRetire(server, `${found.length} members have that id; name the outbox: ${ids}`);
  }
  const { outboxId } = member;
  const progress = tracker.get(outboxId);
  if (progress !== undefined && !isSilent(progress, nowMs)) {
    return refuseRetire(server, "it streams; stop it, which makes it leave");
  }
  return { type: "retire", outboxId, reason };
}

function refuseRetire(server: string, why: string): Refused {
  const message = `Cannot retire ${JSON.stringify(server)}: ${why}`;
  return { type: "refused", refusal: { code: "decision_refused", message } };
}
