/** Persons, what they give, and the primary's answers about them. */
import type { CountsAnswer, CountsFetch } from "../../../src/core/likes_server/count_cache.ts";
import type { WishRequest } from "../../../src/core/likes_server/wishes.ts";
import type { LikeEvent } from "../../../src/core/protocol/like_event.ts";
import { UNSET, registerKey } from "../../../src/core/protocol/register.ts";
import type { RegisterState } from "../../../src/core/protocol/register.ts";
import { testId } from "../../store/faults.ts";
import { FIRST, GENERATION, LEDGER } from "../core_fixture.ts";

export const ADA = testId(0xada);
export const BOB = testId(0xb0b);
export const CLIENT = testId(0xc1);
export const ADA_OF_VIDEO = registerKey(ADA, "video");
export const BOB_OF_VIDEO = registerKey(BOB, "video");

const ONE = { reaction: 1, likes: 1 } as const;
const NONE = { reaction: 0, likes: 0 } as const;

/** The state that gives one like. */
export function liked(revision: number): RegisterState {
  return { revision, ...ONE };
}

/** The state that gives nothing any more. */
export function takenBack(revision: number): RegisterState {
  return { revision, ...NONE };
}

/** A set of `state`. */
export function setOf(state: RegisterState, person = ADA, itemId = "video"): LikeEvent {
  return { itemId, change: { kind: "set", person, state } };
}

/** An add that has a name. */
export function namedAdd(number: number, likes = 5n, itemId = "video"): LikeEvent {
  return { itemId, change: { kind: "add", likes, operation: { client: CLIENT, number } } };
}

/** Ada's wish to give one like. */
export function likeWish(itemId = "video", person = ADA): WishRequest["wish"] {
  return { itemId, person, wanted: ONE };
}

/** Ada's wish to give nothing any more. */
export function takeBackWish(itemId = "video", person = ADA): WishRequest["wish"] {
  return { itemId, person, wanted: NONE };
}

/**
 * The primary's answer to a fetch: every item has `likes`, and the incarnation is applied up to
 * `applied`. A register without a state in `states` is unset.
 */
export function answerTo(
  { itemIds, registers }: CountsFetch,
  {
    likes = 0n,
    applied = 0,
    states = {},
  }: {
    readonly likes?: bigint;
    readonly applied?: number;
    readonly states?: Readonly<Record<string, RegisterState>>;
  } = {},
): CountsAnswer {
  return {
    counts: itemIds.map((itemId) => ({ itemId, likes })),
    registers: registers.map((key) => states[key] ?? UNSET),
    applied: [{ incarnation: FIRST, appliedSequence: applied }],
    asOfMs: 5,
    version: 6,
    ledgerId: LEDGER,
    generation: GENERATION,
  };
}
