/**
 * The requests of a LikesServer's clients: over gRPC, over HTTP, and from the same process. They
 * wait here for the answers of the core. Adds that arrive together are handed over together, and
 * share one sync.
 */
import { assert } from "../assert.ts";
import type { Refusal } from "../errors.ts";
import type {
  Accepting,
  RequestedItems,
  SubjectSet,
  SubjectToForget,
} from "../core/likes_server/client_requests.ts";
import type { AddRequest } from "../core/likes_server/group_commit.ts";
import type {
  AddResult,
  CountsResult,
  LikesServerEvent,
  SetResult,
} from "../core/likes_server/likes_server.ts";
import type { WishRequest } from "../core/likes_server/wishes.ts";
import type { PersonId } from "../core/protocol/ids.ts";
import type { LikeEvent } from "../core/protocol/like_event.ts";
import { registerKey } from "../core/protocol/register.ts";
import { checkSite, checkSubject, siteOf } from "../core/protocol/subject.ts";
import { pseudonymOf } from "../format/pseudonym.ts";
import type { OpenOutbox } from "./open_outbox.ts";
import { Callers } from "./role.ts";

/** What the requests need of their role. */
export interface ClientRequestsRole {
  readonly outbox: Pick<OpenOutbox, "serverId" | "secret">;
  /** Whether the core handles events. */
  readonly isRunning: () => boolean;
  readonly drive: (event: LikesServerEvent) => void;
  /** Calls `commit` once all calls that are readable now are read. */
  readonly whenRead: (commit: () => void) => void;
}

/** The clients of one LikesServer that wait for an answer. */
export class ClientRequests implements Accepting {
  readonly #role: ClientRequestsRole;
  readonly #adding = new Callers<AddResult | SetResult>();
  readonly #counting = new Callers<CountsResult>();
  /** Requests of calls that arrived together. */
  #adds: (AddRequest | WishRequest)[] = [];

  constructor(role: ClientRequestsRole) {
    this.#role = role;
  }

  add(events: readonly LikeEvent[], done: (outcomes: readonly AddResult[]) => void): void {
    this.give(events, undefined, (outcomes) => done(outcomes.map(addResultOf)));
  }

  /** Adds events, or sets of persons whose pseudonym is known. `mark` is stored with them. */
  give(
    events: readonly LikeEvent[],
    mark: string | undefined,
    done: (outcomes: readonly (AddResult | SetResult)[]) => void,
  ): void {
    if (!this.#role.isRunning()) {
      const refusal = this.#notRunning("accept likes");
      return done(events.map(() => ({ type: "refused", refusal })));
    }
    for (const [requestId, event] of this.#adding.addAll(events, done)) {
      this.#gather({ requestId, event, mark });
    }
  }

  set(sets: readonly SubjectSet[], done: (outcomes: readonly SetResult[]) => void): void {
    if (!this.#role.isRunning()) {
      const refusal = this.#notRunning("accept likes");
      return done(sets.map(() => ({ type: "refused", refusal })));
    }
    const answered = (outcomes: readonly (AddResult | SetResult)[]): void => {
      done(outcomes.map(setResultOf));
    };
    for (const [requestId, set] of this.#adding.addAll(sets, answered)) {
      const { itemId, subject, wanted, revision } = set;
      const refusal = checkSubject(subject);
      if (refusal !== undefined) {
        this.#adding.answer(requestId, { type: "refused", refusal });
        continue;
      }
      const person = this.personOf(itemId, subject);
      if (revision === undefined) this.#gather({ requestId, wish: { itemId, person, wanted } });
      else {
        const change = { kind: "set", person, state: { revision, ...wanted } } as const;
        this.#gather({ requestId, event: { itemId, change }, mark: undefined });
      }
    }
  }

  forget({ site, subject, withdraw }: SubjectToForget, done: (outcome: AddResult) => void): void {
    const refusal = checkSite(site) ?? checkSubject(subject);
    if (refusal !== undefined) return done({ type: "refused", refusal });
    const person = pseudonymOf(this.#role.outbox.secret, site, subject);
    const event: LikeEvent = { itemId: "", change: { kind: "forget", person, withdraw } };
    this.add([event], ([outcome]) => {
      assert(outcome !== undefined, "each event has an outcome");
      done(outcome);
    });
  }

  count(asked: RequestedItems, done: (outcome: CountsResult) => void): void {
    if (!this.#role.isRunning())
      return done({ type: "refused", refusal: this.#notRunning("count") });
    const { itemIds, limit, since, subject } = asked;
    const refusal = subject === undefined ? undefined : checkSubject(subject);
    if (refusal !== undefined) return done({ type: "refused", refusal });
    const requestId = this.#counting.add(done);
    const query = { requestId, itemIds, limit, since };
    if (subject === undefined) return this.#role.drive({ type: "count", query });
    const registers = itemIds.map((itemId) => registerKey(this.personOf(itemId, subject), itemId));
    this.#role.drive({ type: "count", query: { ...query, registers } });
  }

  /** Returns the pseudonym of a person. */
  personOf(itemId: string, subject: string): PersonId {
    return pseudonymOf(this.#role.outbox.secret, siteOf(itemId), subject);
  }

  /** Hands over the adds of all calls that were readable, so that they share one sync. */
  takeAdds(): void {
    const adds = this.#adds;
    this.#adds = [];
    this.#role.drive({ type: "add", adds });
  }

  /** The core answered a request to add or to set. */
  answered(requestId: number, outcome: AddResult | SetResult): void {
    this.#adding.answer(requestId, outcome);
  }

  /** The core answered a query. */
  counted(requestId: number, outcome: CountsResult): void {
    this.#counting.answer(requestId, outcome);
  }

  /** Answers the clients that still wait: the core answers no more. */
  end(): void {
    const { serverId } = this.#role.outbox;
    const message = `Cannot tell whether the likes were accepted: ${serverId} stopped meanwhile`;
    this.#adding.answerAll({ type: "refused", refusal: { code: "outcome_unknown", message } });
    this.#counting.answerAll({ type: "refused", refusal: this.#notRunning("count") });
  }

  #gather(request: AddRequest | WishRequest): void {
    if (this.#adds.length === 0) this.#role.whenRead(() => this.takeAdds());
    this.#adds.push(request);
  }

  #notRunning(what: string): Refusal {
    const message = `Cannot ${what} at ${this.#role.outbox.serverId}: it is not running`;
    return { code: "not_accepting", message };
  }
}

/** An add is never superseded, and a set is never accepted as an add. */
function addResultOf(result: AddResult | SetResult): AddResult {
  assert(result.type === "accepted" || result.type === "refused", "an add has the outcome of one");
  return result;
}

function setResultOf(result: AddResult | SetResult): SetResult {
  assert(result.type !== "accepted", "a set has the outcome of one");
  return result;
}
