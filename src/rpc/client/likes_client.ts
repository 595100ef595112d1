/** Client of LikesService. */
import type { ServiceError } from "@grpc/grpc-js";
import { LikesError, messageOf } from "../../errors.ts";
import { monotonicMs } from "../../monotonic.ts";
import { CHANNEL_OPTIONS, CREDENTIALS, connected, targetOf, unary } from "./client.ts";
import { readCachedCounts } from "../wire/counts_wire.ts";
import type { CachedCounts } from "../wire/counts_wire.ts";
import { hadNoEffect } from "../faults.ts";
import type { AddResult, SetResult } from "../../core/likes_server/likes_server.ts";
import type { Operation } from "../../core/protocol/operation.ts";
import type { AddLikesRequest } from "../gen/likes/v1/AddLikesRequest.ts";
import type { ForgetPersonResponse__Output } from "../gen/likes/v1/ForgetPersonResponse.ts";
import type { SetLikeResponse__Output } from "../gen/likes/v1/SetLikeResponse.ts";
import type { AddLikesBatchResponse__Output } from "../gen/likes/v1/AddLikesBatchResponse.ts";
import type { AddLikesResponse__Output } from "../gen/likes/v1/AddLikesResponse.ts";
import type { GetCachedCountsResponse__Output } from "../gen/likes/v1/GetCachedCountsResponse.ts";
import type { GetTotalResponse__Output } from "../gen/likes/v1/GetTotalResponse.ts";
import { protos } from "../protos.ts";
import { readOutcome, writeOperation } from "../wire/add_wire.ts";
import { readSetOutcome, writeSet } from "../wire/set_wire.ts";
import type { SubjectSet } from "../../core/likes_server/client_requests.ts";
import { invalid, toUint64, toBigInt, toSafeInteger } from "../wire/wire_fields.ts";
import { explain } from "./wrong_role.ts";

/** Identifies an event that is on a LikesServer's disk. */
export interface AcceptedEvent {
  readonly serverId: string;
  readonly incarnation: string;
  readonly sequence: number;
}

/** An add to send. */
export interface SentAdd {
  readonly itemId: string;
  readonly likes: bigint;
  readonly operation?: Operation | undefined;
}

/** A person to forget. */
export interface SubjectToForget {
  readonly site: string;
  readonly subject: string;
  readonly withdraw: boolean;
}

/** How a set ended, and where. */
export interface SetAnswer {
  readonly serverId: string;
  readonly outcome: SetResult;
}

/** The items to count, or how many of the most liked; and the person who asks, if any. */
export interface AskedCounts {
  readonly itemIds: readonly string[];
  readonly limit: number;
  readonly subject?: string | undefined;
}

/** The total that a LikesServer shows. GetTotalResponse documents the fields. */
export interface LikesServerTotal {
  readonly serverId: string;
  readonly totalLikes: bigint;
  readonly version: number;
  readonly asOfMs: number;
  readonly pendingLikes: bigint;
  readonly pulseAgeMs: number;
}

/** A client of one LikesServer. */
export class LikesClient {
  readonly address: string;
  readonly #client: InstanceType<typeof protos.LikesService>;
  readonly #peer: string;

  constructor(address: string) {
    this.address = address;
    this.#client = new protos.LikesService(targetOf(address), CREDENTIALS, CHANNEL_OPTIONS);
    this.#peer = `the LikesServer at ${address}`;
  }

  /** Connects without a call. Throws LikesError `peer_unreachable`. */
  reach(timeoutMs: number): Promise<void> {
    return connected(this.#client, this.#peer, timeoutMs);
  }

  /**
   * Adds likes, and never retries. Throws LikesError: `peer_unreachable` when nothing was sent, the
   * peer's fault when it refused, `wrong_role` when it is not a LikesServer, `outcome_unknown` when
   * its answer was lost.
   */
  async addLikes(add: SentAdd, timeoutMs: number): Promise<AcceptedEvent> {
    const untilMs = monotonicMs() + timeoutMs;
    await this.reach(timeoutMs);
    const request = addRequest(add);
    const wire = await unary<AddLikesResponse__Output>(
      (done) => this.#client.addLikes(request, done),
      untilMs - monotonicMs(),
      (error) => (hadNoEffect(error) ? this.#explain(error) : this.#unknown(error, [add])),
    );
    const { serverId, incarnation, sequence } = wire;
    return { serverId, incarnation, sequence: toSafeInteger("sequence", sequence) };
  }

  /**
   * Adds likes to up to ADDS_MAX items with one sync, and never retries. Returns how each add ended,
   * in order. Throws as addLikes(); `outcome_unknown` then holds for each add.
   */
  async addLikesBatch(
    adds: readonly SentAdd[],
    timeoutMs: number,
  ): Promise<{ readonly serverId: string; readonly outcomes: readonly AddResult[] }> {
    const untilMs = monotonicMs() + timeoutMs;
    await this.reach(timeoutMs);
    const request = { adds: adds.map(addRequest) };
    const { serverId, outcomes } = await unary<AddLikesBatchResponse__Output>(
      (done) => this.#client.addLikesBatch(request, done),
      untilMs - monotonicMs(),
      (error) => (hadNoEffect(error) ? this.#explain(error) : this.#unknown(error, adds)),
    );
    try {
      if (outcomes.length !== adds.length) throw invalid("outcomes", `${outcomes.length}`);
      return { serverId, outcomes: outcomes.map(readOutcome) };
    } catch (error) {
      const text = `${messageOf(error)}; ${adviceOf(adds)}`;
      throw new LikesError("outcome_unknown", text, { cause: error });
    }
  }

  /**
   * Sets what a person gives. Repeating the call changes nothing, so `outcome_unknown` means: send it
   * again. Throws as addLikes().
   */
  async setLike(set: SubjectSet, timeoutMs: number): Promise<SetAnswer> {
    const untilMs = monotonicMs() + timeoutMs;
    await this.reach(timeoutMs);
    const { serverId, outcome } = await unary<SetLikeResponse__Output>(
      (done) => this.#client.setLike(writeSet(set), done),
      untilMs - monotonicMs(),
      (error) => (hadNoEffect(error) ? this.#explain(error) : this.#lost(error)),
    );
    if (outcome === null) throw invalid("outcome", "absent");
    return { serverId, outcome: readSetOutcome(outcome) };
  }

  /** Forgets a person. Repeating the call changes nothing. Throws as addLikes(). */
  async forgetPerson(
    { site, subject, withdraw }: SubjectToForget,
    timeoutMs: number,
  ): Promise<AcceptedEvent> {
    const untilMs = monotonicMs() + timeoutMs;
    await this.reach(timeoutMs);
    const { serverId, incarnation, sequence } = await unary<ForgetPersonResponse__Output>(
      (done) => this.#client.forgetPerson({ site, person: subject, withdraw }, done),
      untilMs - monotonicMs(),
      (error) => (hadNoEffect(error) ? this.#explain(error) : this.#lost(error)),
    );
    return { serverId, incarnation, sequence: toSafeInteger("sequence", sequence) };
  }

  /**
   * Returns the shown total. Throws LikesError, `total_unknown` before the server's first pulse.
   */
  async total(timeoutMs: number): Promise<LikesServerTotal> {
    const wire = await unary<GetTotalResponse__Output>(
      (done) => this.#client.getTotal({}, done),
      timeoutMs,
      (error) => this.#explain(error),
    );
    return {
      serverId: wire.serverId,
      totalLikes: toBigInt(wire.totalLikes),
      version: toSafeInteger("version", wire.version),
      asOfMs: toSafeInteger("as_of_unix_ms", wire.asOfUnixMs),
      pendingLikes: toBigInt(wire.pendingLikes),
      pulseAgeMs: toSafeInteger("pulse_age_ms", wire.pulseAgeMs),
    };
  }

  /**
   * Returns the cached counts of the named items, or of the `limit` most liked. Throws LikesError,
   * `count_unknown` when none is cached.
   */
  async counts(
    { itemIds, limit, subject = "" }: AskedCounts,
    timeoutMs: number,
  ): Promise<CachedCounts> {
    const request = { itemIds: [...itemIds], limit, person: subject };
    const wire = await unary<GetCachedCountsResponse__Output>(
      (done) => this.#client.getCachedCounts(request, done),
      timeoutMs,
      (error) => this.#explain(error),
    );
    return readCachedCounts(wire);
  }

  close(): void {
    this.#client.close();
  }

  #explain(error: ServiceError): Promise<LikesError> {
    return explain(error, "LikesServer", this.address);
  }

  #lost(error: ServiceError): LikesError {
    const message =
      `Cannot tell whether this was stored: ${this.#peer} did not answer (${error.details}); ` +
      "send the same again, which changes nothing if it was";
    return new LikesError("outcome_unknown", message, { cause: error });
  }

  #unknown(error: ServiceError, adds: readonly SentAdd[]): LikesError {
    const message =
      `Cannot tell whether the likes were accepted: ${this.#peer} did not answer ` +
      `(${error.details}); ${adviceOf(adds)}`;
    return new LikesError("outcome_unknown", message, { cause: error });
  }
}

/** Returns what to do about adds whose outcome is unknown. */
function adviceOf(adds: readonly SentAdd[]): string {
  const areNamed = adds.every(({ operation }) => operation !== undefined);
  return areNamed
    ? "add them again with the same operation, which counts them once"
    : "adding them again may count them twice";
}

function addRequest({ itemId, likes, operation }: SentAdd): AddLikesRequest {
  const name = operation === undefined ? {} : { operation: writeOperation(operation) };
  return { itemId, likes: toUint64(likes), ...name };
}
