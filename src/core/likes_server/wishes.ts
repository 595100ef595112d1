/**
 * Wishes: sets that leave the revision to the LikesServer. The next revision follows from the
 * greatest state of the register, so the primary is asked for it first.
 *
 * While the primary is away, the state may be unknown. So it is while the primary has not applied
 * all that an earlier process stored. A like then follows the greatest state that is known, which
 * nearly always is the right one; the ledger keeps what is greater. A like is not taken back on a
 * guess, because a guessed revision would be superseded.
 */
import { assert } from "../../assert.ts";
import type { Refusal } from "../../errors.ts";
import { UNSET, follow, nextState, registerKey } from "../protocol/register.ts";
import type { RegisterState, Wanted } from "../protocol/register.ts";
import type { PersonId } from "../protocol/ids.ts";
import type { CountsQuery, OwnLikes } from "./count_cache.ts";
import type { AddRequest } from "./group_commit.ts";
import type { CountsResult, LikesServerSettings, SetResult } from "./likes_server_events.ts";

/** What a person wants to give from now on. */
interface Wish {
  readonly itemId: string;
  readonly person: PersonId;
  readonly wanted: Wanted;
}

/** A client's request for a wish. */
export interface WishRequest {
  /** Identifies the call to answer. */
  readonly requestId: number;
  readonly wish: Wish;
}

/** A wish that is decided: a set to store, or the answer. */
export type DecidedWish =
  | { readonly type: "set"; readonly request: AddRequest }
  | { readonly type: "answer"; readonly requestId: number; readonly outcome: SetResult };

/** The wishes that wait for the state of their register. */
export class Wishes {
  readonly #options: Pick<LikesServerSettings, "serverId" | "primary">;
  /** By the id of the query for the state. Callers' ids are positive, and these are negative. */
  readonly #waiting = new Map<number, WishRequest>();
  #queryId = 0;

  constructor(options: Pick<LikesServerSettings, "serverId" | "primary">) {
    this.#options = options;
  }

  /** Returns the query for the state that a wish needs. `answered` takes its answer. */
  ask(request: WishRequest): CountsQuery {
    const requestId = --this.#queryId;
    this.#waiting.set(requestId, request);
    const { itemId, person } = request.wish;
    return { requestId, itemIds: [itemId], limit: 0, registers: [registerKey(person, itemId)] };
  }

  /** Whether a query belongs to a wish. */
  has(queryId: number): boolean {
    return this.#waiting.has(queryId);
  }

  /** Decides a wish, now that its query is answered. */
  answered(queryId: number, outcome: CountsResult): DecidedWish {
    const request = this.#waiting.get(queryId);
    assert(request !== undefined, "an answer belongs to a wish");
    this.#waiting.delete(queryId);
    const { requestId, wish } = request;
    if (outcome.type === "refused" && outcome.refusal.code !== "count_unknown") {
      return { type: "answer", requestId, outcome }; // the primary was not asked
    }
    const own = ownOf(outcome);
    const base = own?.state ?? UNSET;
    if (own?.isCertain !== true && wish.wanted.likes === 0) {
      const refusal = own === undefined ? this.#unknown() : this.#uncertain();
      return { type: "answer", requestId, outcome: { type: "refused", refusal } };
    }
    const state = own?.isCertain === true ? nextState(base, wish.wanted) : guess(base, wish.wanted);
    if (state === undefined) {
      return { type: "answer", requestId, outcome: { type: "same", state: base } };
    }
    const { itemId, person } = wish;
    const event = { itemId, change: { kind: "set", person, state } } as const;
    return { type: "set", request: { requestId, event, mark: undefined } };
  }

  #unknown(): Refusal {
    const { primary } = this.#options;
    return this.#refusal(`the primary at ${primary} does not answer, and the revision is unknown`);
  }

  #uncertain(): Refusal {
    return this.#refusal("the primary has not applied all that this outbox stored before");
  }

  #refusal(why: string): Refusal {
    const message =
      `Cannot take back the like at ${this.#options.serverId}: ${why}; give the revision, or try ` +
      "again later";
    return { code: "count_unknown", message };
  }
}

/**
 * Returns a state after `base`, and after one that may have taken `base` back meanwhile: likes and
 * nothing take turns.
 */
function guess(base: RegisterState, wanted: Wanted): RegisterState {
  const isSame = nextState(base, wanted) === undefined;
  return isSame ? { ...base, revision: base.revision + 2 } : follow(base, wanted);
}

/** Returns what the person gives; undefined when it is unknown. */
function ownOf(outcome: CountsResult): OwnLikes | undefined {
  return outcome.type === "counted" ? outcome.counts[0]?.own : undefined;
}
