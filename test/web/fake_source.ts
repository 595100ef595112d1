/** A LikesServer in memory, as the pages see one: with registers, operations, versions and pulses. */
import type { CachedCount } from "../../src/core/likes_server/count_cache.ts";
import type {
  RequestedItems,
  SubjectSet,
  SubjectToForget,
} from "../../src/core/likes_server/client_requests.ts";
import type {
  AddResult,
  CountsResult,
  SetResult,
  TotalView,
} from "../../src/core/likes_server/likes_server.ts";
import type { LikeEvent } from "../../src/core/protocol/like_event.ts";
import type { Convergence } from "../../src/core/protocol/messages.ts";
import { PLAIN_LIKE, UNSET, compareStates, nextState } from "../../src/core/protocol/register.ts";
import type { RegisterState } from "../../src/core/protocol/register.ts";
import { checkSubject } from "../../src/core/protocol/subject.ts";
import type { FaultCode } from "../../src/errors.ts";
import type { WebSource } from "../../src/web/exchange.ts";
import { idFrom } from "../store/faults.ts";

export const GENERATION = idFrom("9e");
export const INCARNATION = idFrom("1c");

/** A LikesServer that applies at once. Its fields are what a test changes. */
export class FakeSource implements WebSource {
  readonly serverId = "a";
  /** What it was asked to do, and did not refuse. */
  readonly sets: SubjectSet[] = [];
  readonly adds: LikeEvent[] = [];
  readonly forgotten: SubjectToForget[] = [];
  /** The queries for counts. */
  readonly counted: RequestedItems[] = [];
  accepts = true;
  /** Refuses every request with it. */
  refusal: FaultCode | undefined;
  /** Throws at every request, as a bug does. */
  isBroken = false;
  /** Whether all sets of the outbox are known. */
  isCertain = true;
  /** Whether the primary has ever been seen. */
  isKnown = true;
  convergence: Convergence = "converged";
  pulseAgeMs = 0;
  version = 1;
  asOfMs = 1_000;
  readonly #likes = new Map<string, bigint>();
  readonly #registers = new Map<string, RegisterState>();
  readonly #onPulses = new Set<() => void>();
  #frozen: { readonly version: number; readonly likes: ReadonlyMap<string, bigint> } | undefined;
  #sequence = 0;

  readonly isAccepting = (): boolean => this.accepts;

  /** Gives an item likes that no person is behind. */
  give(itemId: string, likes: bigint): void {
    this.#likes.set(itemId, likes);
  }

  /** From now on answers with what it knows, or again with what it has. */
  freeze(isFrozen: boolean): void {
    this.#frozen = isFrozen ? { version: this.version, likes: new Map(this.#likes) } : undefined;
  }

  /** Tells the watchers of a new version. */
  pulse(): void {
    this.version++;
    this.asOfMs += 10;
    for (const onPulse of this.#onPulses) onPulse();
  }

  add(events: readonly LikeEvent[], done: (outcomes: readonly AddResult[]) => void): void {
    const refused = this.#refused();
    if (refused !== undefined) return done(events.map(() => refused));
    for (const event of events) {
      this.adds.push(event);
      const { itemId, change } = event;
      if (change.kind === "add") this.give(itemId, this.#addedTo(itemId) + change.likes);
    }
    return done(events.map(() => ({ type: "accepted", ...this.#name() })));
  }

  set(sets: readonly SubjectSet[], done: (outcomes: readonly SetResult[]) => void): void {
    const refused = this.#refused();
    done(refused === undefined ? sets.map((set) => this.#set(set)) : sets.map(() => refused));
  }

  forget(who: SubjectToForget, done: (outcome: AddResult) => void): void {
    const refused = this.#refused();
    if (refused !== undefined) return done(refused);
    const refusal = checkSubject(who.subject);
    if (refusal !== undefined) return done({ type: "refused", refusal });
    this.forgotten.push(who);
    return done({ type: "accepted", ...this.#name() });
  }

  count(asked: RequestedItems, done: (outcome: CountsResult) => void): void {
    this.counted.push(asked);
    const refused = this.#refused();
    if (refused !== undefined) return done(refused);
    const { itemIds, limit, subject } = asked;
    const asItIs = itemIds.length > 0 ? itemIds : this.#mostLiked().slice(0, limit);
    const counts = asItIs.map((itemId) => {
      const count = this.cached(itemId);
      return subject === undefined ? count : { ...count, own: this.#own(itemId, subject) };
    });
    return done({ type: "counted", counts });
  }

  cached(itemId: string): CachedCount {
    if (!this.isKnown) return { itemId, fetched: undefined };
    const registers = [...this.#registers].filter(([key]) => key.endsWith(` ${itemId}`));
    const reactions = new Map<number, bigint>();
    let likes = this.#addedTo(itemId);
    for (const [, state] of registers) {
      const { reaction } = state;
      likes += BigInt(state.likes);
      if (reaction <= PLAIN_LIKE) continue;
      reactions.set(reaction, (reactions.get(reaction) ?? 0n) + BigInt(state.likes));
    }
    const { asOfMs } = this;
    const version = this.#frozen?.version ?? this.version;
    const read = { pending: undefined, version, asOfMs, generation: GENERATION, ageMs: 0 };
    return { itemId, fetched: { likes, ...(reactions.size > 0 && { reactions }), ...read } };
  }

  total(): TotalView | undefined {
    if (!this.isKnown) return undefined;
    const { version, asOfMs, convergence, pulseAgeMs } = this;
    const at = { generation: GENERATION, version, asOfMs, convergence };
    const pulse = { type: "pulse", pulseMs: asOfMs, totalLikes: 0n, ...at } as const;
    return { pulse, pulseAgeMs, pendingLikes: 0n };
  }

  watch(onPulse: () => void): () => void {
    this.#onPulses.add(onPulse);
    return () => this.#onPulses.delete(onPulse);
  }

  #set(set: SubjectSet): SetResult {
    this.sets.push(set);
    const { itemId, subject, wanted, revision } = set;
    const key = `${subject} ${itemId}`;
    const base = this.#registers.get(key) ?? UNSET;
    const state = revision === undefined ? nextState(base, wanted) : { revision, ...wanted };
    const order = state === undefined ? 0 : compareStates(state, base);
    if (state === undefined || order === 0) return { type: "same", state: base };
    if (order < 0) return { type: "superseded", state: base };
    this.#registers.set(key, state);
    return { type: "stored", state, ...this.#name() };
  }

  #own(itemId: string, subject: string) {
    const state = this.#registers.get(`${subject} ${itemId}`) ?? UNSET;
    return { state, countedLikes: state.likes, isCertain: this.isCertain };
  }

  #addedTo(itemId: string): bigint {
    return (this.#frozen?.likes ?? this.#likes).get(itemId) ?? 0n;
  }

  #mostLiked(): readonly string[] {
    const likesOf = (itemId: string): bigint => this.cached(itemId).fetched?.likes ?? 0n;
    const itemIds = [...this.#likes.keys()];
    return itemIds.toSorted((a, b) => Number(likesOf(b) - likesOf(a)));
  }

  #name() {
    return { incarnation: INCARNATION, sequence: ++this.#sequence };
  }

  #refused(): Extract<AddResult, { type: "refused" }> | undefined {
    if (this.isBroken) throw new Error("a secret: the source is broken");
    if (this.refusal === undefined) return undefined;
    return {
      type: "refused",
      refusal: { code: this.refusal, message: "Cannot do it: a test refuses" },
    };
  }
}
