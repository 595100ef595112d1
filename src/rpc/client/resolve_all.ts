/**
 * Resolves many troubles one by one, each like `likes resolve NUMBER`, in a transaction of its own.
 * A refused one does not undo the others.
 */
import type { DecisionRow } from "../../core/ledger/rows.ts";
import type { TroubleStatus } from "../../core/primary/status.ts";
import { LikesError } from "../../errors.ts";
import type { OperatorClient } from "./operator_client.ts";

/** The result for one trouble. */
export type Resolved =
  | {
      readonly type: "decided";
      readonly trouble: TroubleStatus;
      readonly decisions: readonly DecisionRow[];
    }
  /** The trouble had ended before its turn: nothing was decided. */
  | { readonly type: "over"; readonly trouble: TroubleStatus }
  | { readonly type: "refused"; readonly trouble: TroubleStatus; readonly message: string };

/** Options for resolving; the timeout is for each call. */
export interface ResolveAllOptions {
  readonly reason: string;
  readonly timeoutMs: number;
}

/** The part of OperatorClient that resolves troubles. */
export type TroubleResolver = Pick<OperatorClient, "resolve" | "troublesOf">;

/**
 * Returns the troubles of `servers`, each once, oldest first. Throws LikesError when a server has
 * none.
 */
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
      throw new LikesError("decision_refused", message);
    }
    for (const trouble of troubles) byNumber.set(trouble.number, trouble);
  }
  return [...byNumber.values()].toSorted((a, b) => a.number - b.number);
}

/**
 * Resolves `troubles` in order. Yields the result for each that did not end with an earlier one.
 * Throws LikesError when an outcome is unknown, or when the primary cannot decide for now.
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
    if (!(error instanceof LikesError) || error.code !== "decision_refused") throw error;
    const left = await client.troublesOf(outboxId, timeoutMs);
    const isLeft = left.some((one) => one.number === number);
    return isLeft
      ? { type: "refused", trouble, message: error.message }
      : { type: "over", trouble };
  }
}
