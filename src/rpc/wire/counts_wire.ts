/** Converts counts between the core and the wire or `--json`, for both services. */
import type { CountsRequest } from "../../core/primary/counts_page.ts";
import type { Counts } from "../../core/primary/counts_reader.ts";
import type { CountsOrder } from "../../core/ledger/ledger.ts";
import { partsOfKey, registerKey } from "../../core/protocol/register.ts";
import type { RegisterKey } from "../../core/protocol/register.ts";
import type { PersonId } from "../../core/protocol/ids.ts";
import type { CachedCount, CachedLikes, OwnLikes } from "../../core/likes_server/count_cache.ts";
import type { CountsOrder as WireCountsOrder } from "../gen/likes/v1/CountsOrder.ts";
import type {
  GetCountsRequest,
  GetCountsRequest__Output,
} from "../gen/likes/v1/GetCountsRequest.ts";
import type { GetCountsResponse__Output } from "../gen/likes/v1/GetCountsResponse.ts";
import type {
  GetCachedCountsResponse,
  GetCachedCountsResponse__Output,
} from "../gen/likes/v1/GetCachedCountsResponse.ts";
import type {
  CachedCount as WireCachedCount,
  CachedCount__Output,
} from "../gen/likes/v1/CachedCount.ts";
import type { OwnLikes as WireOwnLikes, OwnLikes__Output } from "../gen/likes/v1/OwnLikes.ts";
import type { ReactionCount__Output } from "../gen/likes/v1/ReactionCount.ts";
import type { RegisterName__Output } from "../gen/likes/v1/RegisterName.ts";
import { readState } from "./set_wire.ts";
import {
  toUint64,
  invalid,
  toBigInt,
  readConvergence,
  readId,
  toSafeInteger,
  writeConvergence,
} from "./wire_fields.ts";

const PERSON_BYTES = 16;

/** Counts from a LikesServer's cache. */
export interface CachedCounts {
  readonly serverId: string;
  readonly counts: readonly CachedCount[];
}

/**
 * Returns a request from the wire, with the form of its fields checked. Throws LikesError
 * `message_invalid`.
 */
export function readCountsRequest(wire: GetCountsRequest__Output): CountsRequest {
  const { itemIds, pageSize, pageToken } = wire;
  return {
    itemIds,
    pageSize,
    pageToken,
    order: readOrder(wire.order),
    incarnations: wire.incarnations.map((id) => readId("incarnations", id)),
    registers: wire.registers.map(readRegisterName),
  };
}

/** Returns a request for the wire. */
export function writeCountsRequest(request: CountsRequest): GetCountsRequest {
  const { itemIds, pageSize, pageToken, order, incarnations, registers } = request;
  return {
    itemIds: [...itemIds],
    pageSize,
    pageToken,
    order: order === undefined ? "COUNTS_ORDER_UNSPECIFIED" : orderName(order),
    incarnations: [...incarnations],
    registers: registers.map((key) => {
      const { person, itemId } = partsOfKey(key);
      return { person: Buffer.from(person, "hex"), itemId };
    }),
  };
}

/** Returns counts for the wire; the same object is their proto3 JSON mapping. */
export function writeCounts(counts: Counts): GetCountsResponse__Output {
  return {
    counts: counts.counts.map(({ itemId, likes, reactions }) => {
      return { itemId, likes: toUint64(likes), reactions: writeReactions(reactions) };
    }),
    convergence: writeConvergence(counts.convergence),
    asOfUnixMs: toUint64(counts.asOfMs),
    version: toUint64(counts.version),
    nextPageToken: counts.nextPageToken,
    applied: counts.applied.map(({ incarnation, appliedSequence }) => {
      return { incarnation, appliedSequence: toUint64(appliedSequence) };
    }),
    registers: counts.registers.map((state) => ({ ...state })),
    ledgerId: counts.ledgerId,
    generation: counts.generation,
  };
}

/** Returns counts from the wire. Throws LikesError `message_invalid`. */
export function readCounts(wire: GetCountsResponse__Output): Counts {
  return {
    counts: wire.counts.map(({ itemId, likes, reactions }) => {
      return { itemId, likes: toBigInt(likes), ...readReactions(reactions) };
    }),
    convergence: readConvergence(wire.convergence),
    asOfMs: toSafeInteger("as_of_unix_ms", wire.asOfUnixMs),
    version: toSafeInteger("version", wire.version),
    nextPageToken: wire.nextPageToken,
    applied: wire.applied.map(({ incarnation, appliedSequence }) => ({
      incarnation: readId("incarnation", incarnation),
      appliedSequence: toSafeInteger("applied_sequence", appliedSequence),
    })),
    registers: wire.registers.map(readState),
    ledgerId: readId("ledger_id", wire.ledgerId),
    generation: readId("generation", wire.generation),
  };
}

/** Returns cached counts for the wire; the same object is their proto3 JSON mapping. */
export function writeCachedCounts({ serverId, counts }: CachedCounts): GetCachedCountsResponse {
  return { serverId, counts: counts.map(writeCachedCount) };
}

/** Returns cached counts from the wire. Throws LikesError `message_invalid`. */
export function readCachedCounts(wire: GetCachedCountsResponse__Output): CachedCounts {
  return { serverId: wire.serverId, counts: wire.counts.map(readCachedCount) };
}

function writeCachedCount({ itemId, fetched, own }: CachedCount): WireCachedCount {
  const named = { itemId, ...(own === undefined ? {} : { own: writeOwn(own) }) };
  if (fetched === undefined) return named;
  const { pending, generation } = fetched;
  return {
    ...named,
    likes: toUint64(fetched.likes),
    reactions: writeReactions(fetched.reactions),
    ...(pending === undefined
      ? {}
      : { pendingLikes: toUint64(pending.likes), pendingSets: toUint64(pending.sets) }),
    asOfUnixMs: toUint64(fetched.asOfMs),
    ageMs: toUint64(fetched.ageMs),
    version: toUint64(fetched.version),
    generation,
  };
}

function readCachedCount(wire: CachedCount__Output): CachedCount {
  const { itemId, pendingLikes, pendingSets = "0" } = wire;
  const own = wire.own === null ? {} : { own: readOwn(wire.own) };
  if (wire._likes === undefined || wire.likes === undefined) {
    return { itemId, fetched: undefined, ...own };
  }
  const fetched: CachedLikes = {
    likes: toBigInt(wire.likes),
    ...readReactions(wire.reactions),
    pending:
      pendingLikes === undefined
        ? undefined
        : { likes: toBigInt(pendingLikes), sets: toSafeInteger("pending_sets", pendingSets) },
    asOfMs: toSafeInteger("as_of_unix_ms", wire.asOfUnixMs),
    version: toSafeInteger("version", wire.version),
    generation: readId("generation", wire.generation),
    ageMs: toSafeInteger("age_ms", wire.ageMs),
  };
  return { itemId, fetched, ...own };
}

function writeOwn({ state, countedLikes, isCertain: certain }: OwnLikes): WireOwnLikes {
  return countedLikes === undefined ? { state, certain } : { state, countedLikes, certain };
}

function readOwn({ state, countedLikes, certain }: OwnLikes__Output): OwnLikes {
  return { state: readState(state), countedLikes, isCertain: certain };
}

function writeReactions(
  reactions: ReadonlyMap<number, bigint> = new Map(),
): ReactionCount__Output[] {
  return [...reactions].map(([reaction, likes]) => ({ reaction, likes: toUint64(likes) }));
}

function readReactions(wire: readonly ReactionCount__Output[]): Pick<CachedLikes, "reactions"> {
  if (wire.length === 0) return {};
  return { reactions: new Map(wire.map(({ reaction, likes }) => [reaction, toBigInt(likes)])) };
}

/** Throws LikesError `message_invalid`. */
function readRegisterName({ person, itemId }: RegisterName__Output): RegisterKey {
  if (person.length !== PERSON_BYTES) throw invalid("person", `${person.length} bytes`);
  return registerKey(Buffer.from(person).toString("hex") as PersonId, itemId);
}

function orderName(order: CountsOrder): keyof typeof WireCountsOrder {
  return order === "item_id" ? "COUNTS_ORDER_ITEM_ID" : "COUNTS_ORDER_MOST_LIKED";
}

function readOrder(name: string): CountsOrder | undefined {
  switch (name) {
    case "COUNTS_ORDER_UNSPECIFIED":
      return undefined;
    case "COUNTS_ORDER_MOST_LIKED":
      return "most_liked";
    case "COUNTS_ORDER_ITEM_ID":
      return "item_id";
    default:
      throw invalid("order", JSON.stringify(name));
  }
}
