/**
 * Many troubles, resolved one after another: each by the rule that `likes resolve NUMBER` has, in a
 * transaction of its own. So none waits for all the others, and one that is refused undoes nothing.
 */
import type { DecisionRow } from "../../core/ledger/rows.ts";
import type { TroubleStatus } from "../../core/primary/status.ts";
import { LikesError } from "../../errors.ts";
import type { OperatorClient } from "./operator_client.ts";

/** What came of one trouble. */
export type Resolved =
  | {
      readonly type: "decided";
      readonly trouble: TroubleStatus;
      readonly decisions: readonly DecisionRow[];
    }
  /** Nothing was decided about it: it was over when its turn came. */
  | { readonly type: "over"; readonly trouble: TroubleStatus }
  | { readonly type: "refused"; readonly trouble: TroubleStatus; readonly message: string };

/** How each is resolved; the timeout is that of one call. */
export interface ResolveAllOptions {
  readonly reason: string;
  readonly timeoutMs: number;
}

/** The part of a client that is needed. */
export type TroubleResolver = Pick<OperatorClient, "resolve" | "troublesOf">;

/** The troubles of `servers`, each once, oldest first. Throws LikesError when they have none. */
export async function listTroubles(
  client: TroubleResolver,
  servers: readonly string[],
  timeoutMs: number,
): Promise<readonly TroubleStatus[]> {
  const byNumber = new Map<number, TroubleStatus>();
  for (const server of servers) {
    const troubles = await client.troublesOf(server, timeoutMs);
    if (troubles.length === 0) {
      const found = `the ledger records no trouble of ${JSON.stringify(server)}`;
      const message = `Cannot resolve: ${found}; see likes status`;
      throw new LikesError("operation_refused", message);
    }
    for (const trouble of troubles) byNumber.set(trouble.number, trouble);
  }
  return [...byNumber.values()].toSorted((a, b) => a.number - b.number);
}

/**
 * Resolves `troubles` in order, and gives what came of each that did not end with an earlier one.
 * Throws LikesError, and ends, when it cannot be known or the primary decides nothing for now.
 */
export async function* resolveAll(
  client: TroubleResolver,
  troubles: readonly TroubleStatus[],
  options: ResolveAllOptions,
): AsyncGenerator<Resolved> {
  const ended = new Set<number>();
  for (const trouble of troubles) {
    if (ended.has(trouble.number)) continue;
    const resolved = await resolveOne(client, trouble, options);
    if (resolved.type === "decided") {
      for (const { trouble } of resolved.decisions) {
        if (trouble !== undefined) ended.add(trouble.number);
      }
    }
    yield resolved;
  }
}

async function resolveOne(
  client: TroubleResolver,
  trouble: TroubleStatus,
  { reason, timeoutMs }: ResolveAllOptions,
): Promise<Resolved> {
  const { number, outboxId = "" } = trouble;
  try {
    const decisions = await client.resolve(number, reason, timeoutMs);
    return { type: "decided", trouble, decisions };
  } catch (error) {
    if (!(error instanceof LikesError) || error.code !== "operation_refused") throw error;
    const left = await client.troublesOf(outboxId, timeoutMs);
    const isLeft = left.some((one) => one.number === number);
    return isLeft
      ? { type: "refused", trouble, message: error.message }
      : { type: "over", trouble };
  }
}
