/** Between the counts of the core, and those of the wire and of `--json`: of both services. */
import type { CountsRequest } from "../../core/primary/counts_page.ts";
import type { CountsOrder } from "../../core/ledger/ledger.ts";
import type { AppliedIncarnation, ItemCount } from "../../core/protocol/counts.ts";
import type { LearntCount, LearntLikes } from "../../core/likes_server/count_cache.ts";
import type { Convergence } from "../../core/protocol/messages.ts";
import type { CountsOrder as WireCountsOrder } from "../gen/likes/v1/CountsOrder.ts";
import type {
  GetCountsRequest,
  GetCountsRequest__Output,
} from "../gen/likes/v1/GetCountsRequest.ts";
import type { GetCountsResponse__Output } from "../gen/likes/v1/GetCountsResponse.ts";
import type {
  GetLearntCountsResponse,
  GetLearntCountsResponse__Output,
} from "../gen/likes/v1/GetLearntCountsResponse.ts";
import type {
  LearntCount as WireLearntCount,
  LearntCount__Output,
} from "../gen/likes/v1/LearntCount.ts";
import {
  count,
  invalid,
  likes,
  readConvergence,
  readId,
  safe,
  writeConvergence,
} from "./wire_fields.ts";

/** The likes of some items, all from one commit, with how far the total has come. */
export interface Counts {
  readonly counts: readonly ItemCount[];
  readonly convergence: Convergence;
  readonly asOfMs: number;
  readonly version: number;
  /** Empty when no page follows. */
  readonly nextPageToken: string;
  readonly applied: readonly AppliedIncarnation[];
  readonly ledgerId: string;
  readonly generation: string;
}

/** The likes of some items, as a LikesServer has learnt them. */
export interface LearntCounts {
  readonly serverId: string;
  readonly counts: readonly LearntCount[];
}

/** A request's fields, checked for their form. Throws LikesError `message_invalid`. */
export function readCountsRequest(wire: GetCountsRequest__Output): CountsRequest {
  const { itemIds, pageSize, pageToken } = wire;
  return {
    itemIds,
    pageSize,
    pageToken,
    order: readOrder(wire.order),
    incarnations: wire.incarnations.map((id) => readId("incarnations", id)),
  };
}

/** A request for the wire. */
export function writeCountsRequest(request: CountsRequest): GetCountsRequest {
  const { itemIds, pageSize, pageToken, order, incarnations } = request;
  return {
    itemIds: [...itemIds],
    pageSize,
    pageToken,
    order: order === undefined ? "COUNTS_ORDER_UNSPECIFIED" : orderName(order),
    incarnations: [...incarnations],
  };
}

/** Counts for the wire; the same object is its proto3 JSON mapping. */
export function writeCounts(counts: Counts): GetCountsResponse__Output {
  return {
    counts: counts.counts.map(({ itemId, likes }) => ({ itemId, likes: count(likes) })),
    convergence: writeConvergence(counts.convergence),
    asOfUnixMs: count(counts.asOfMs),
    version: count(counts.version),
    nextPageToken: counts.nextPageToken,
    applied: counts.applied.map(({ incarnation, appliedSequence }) => {
      return { incarnation, appliedSequence: count(appliedSequence) };
    }),
    ledgerId: counts.ledgerId,
    generation: counts.generation,
  };
}

/** Counts from the wire. Throws LikesError `message_invalid`. */
export function readCounts(wire: GetCountsResponse__Output): Counts {
  return {
    counts: wire.counts.map((one) => ({ itemId: one.itemId, likes: likes(one.likes) })),
    convergence: readConvergence(wire.convergence),
    asOfMs: safe("as_of_unix_ms", wire.asOfUnixMs),
    version: safe("version", wire.version),
    nextPageToken: wire.nextPageToken,
    applied: wire.applied.map(({ incarnation, appliedSequence }) => ({
      incarnation: readId("incarnation", incarnation),
      appliedSequence: safe("applied_sequence", appliedSequence),
    })),
    ledgerId: readId("ledger_id", wire.ledgerId),
    generation: readId("generation", wire.generation),
  };
}

/** Learnt counts for the wire; the same object is its proto3 JSON mapping. */
export function writeLearntCounts({ serverId, counts }: LearntCounts): GetLearntCountsResponse {
  return { serverId, counts: counts.map(writeLearntCount) };
}

/** Learnt counts from the wire. Throws LikesError `message_invalid`. */
export function readLearntCounts(wire: GetLearntCountsResponse__Output): LearntCounts {
  return { serverId: wire.serverId, counts: wire.counts.map(readLearntCount) };
}

function writeLearntCount({ itemId, learnt }: LearntCount): WireLearntCount {
  if (learnt === undefined) return { itemId };
  const { pendingLikes, generation } = learnt;
  return {
    itemId,
    likes: count(learnt.likes),
    ...(pendingLikes === undefined ? {} : { pendingLikes: count(pendingLikes) }),
    asOfUnixMs: count(learnt.asOfMs),
    ageMs: count(learnt.ageMs),
    version: count(learnt.version),
    generation,
  };
}

function readLearntCount(wire: LearntCount__Output): LearntCount {
  const { itemId } = wire;
  if (wire._likes === undefined || wire.likes === undefined) return { itemId, learnt: undefined };
  const learnt: LearntLikes = {
    likes: likes(wire.likes),
    pendingLikes: wire.pendingLikes === undefined ? undefined : likes(wire.pendingLikes),
    asOfMs: safe("as_of_unix_ms", wire.asOfUnixMs),
    version: safe("version", wire.version),
    generation: readId("generation", wire.generation),
    ageMs: safe("age_ms", wire.ageMs),
  };
  return { itemId, learnt };
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
