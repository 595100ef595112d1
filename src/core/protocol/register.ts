/**
 * A register: what one person gives to one item.
 *
 * A like is a state, not an operation. A register keeps the greatest state that it was set to, so a
 * repeated, delayed or reordered set does no harm: neither a name nor a window is needed. A client
 * makes the next state from the greatest one that it knows (nextState).
 */
import type { Refusal } from "../../errors.ts";
import { LIKES_PER_PERSON_MAX, REACTIONS_MAX, REVISIONS_MAX } from "../../limits.ts";
import type { PersonId } from "./ids.ts";

/** The state of a register. */
export interface RegisterState {
  /** One more than that of the state that it replaced; 0 before the first. */
  readonly revision: number;
  /** The kind of the likes; 1 is the plain like. 0 exactly if `likes` is 0. */
  readonly reaction: number;
  readonly likes: number;
}

/** What a person wants to give. */
export type Wanted = Omit<RegisterState, "revision">;

/** The state before the first set. */
export const UNSET: RegisterState = { revision: 0, reaction: 0, likes: 0 };

/** The reaction of a plain like. */
export const PLAIN_LIKE = 1;

/** Names a register: the person's 32 digits, then the item id. */
export type RegisterKey = `${PersonId}${string}`;

export function registerKey(person: PersonId, itemId: string): RegisterKey {
  return `${person}${itemId}`;
}

/** Returns the person and the item of a key. */
export function partsOfKey(key: RegisterKey): {
  readonly person: PersonId;
  readonly itemId: string;
} {
  return { person: key.slice(0, PERSON_DIGITS) as PersonId, itemId: key.slice(PERSON_DIGITS) };
}

const PERSON_DIGITS = 32;

/**
 * Returns the rank of a state, a whole number: states are ordered by revision, then by reaction,
 * then by likes, as their ranks are. The stores keep ranks.
 */
export function rankOf({ revision, reaction, likes }: RegisterState): number {
  return (revision * RANKS + reaction) * RANKS + likes;
}

/** Returns the state of a rank. */
export function stateOf(rank: number): RegisterState {
  const likes = rank % RANKS;
  const rest = (rank - likes) / RANKS;
  const reaction = rest % RANKS;
  return { revision: (rest - reaction) / RANKS, reaction, likes };
}

/** Returns a number above 0 when `one` is greater than `other`, below 0 when it is less, or 0. */
export function compareStates(one: RegisterState, other: RegisterState): number {
  return one.revision - other.revision || one.reaction - other.reaction || one.likes - other.likes;
}

/** More than the greatest reaction, and than the most likes. */
const RANKS = 64;

/**
 * Returns the state that gives `wanted` after `base`; undefined when `base` already does. `base` is
 * the greatest known state of the register.
 */
export function nextState(base: RegisterState, wanted: Wanted): RegisterState | undefined {
  if (base.reaction === wanted.reaction && base.likes === wanted.likes) return undefined;
  return follow(base, wanted);
}

/** Returns the state after `base`, whether or not it gives the same. */
export function follow(base: RegisterState, wanted: Wanted): RegisterState {
  return { revision: base.revision + 1, ...wanted };
}

/** Returns why a register cannot be set to `state`; undefined when it can. */
export function checkState({ revision, reaction, likes }: RegisterState): Refusal | undefined {
  if (!isWhole(revision, 1, REVISIONS_MAX)) {
    return invalid(`Cannot set revision ${revision}: give 1 to ${REVISIONS_MAX}`);
  }
  if (!isWhole(likes, 0, LIKES_PER_PERSON_MAX)) {
    return invalid(`Cannot give ${likes} likes: a person gives 0 to ${LIKES_PER_PERSON_MAX}`);
  }
  if (!isWhole(reaction, 0, REACTIONS_MAX)) {
    return invalid(`Cannot give reaction ${reaction}: give 1 to ${REACTIONS_MAX}`);
  }
  if ((reaction === 0) === (likes === 0)) return undefined;
  return invalid(
    `Cannot give ${likes} likes of reaction ${reaction}: 0 likes have reaction 0, others have not`,
  );
}

function isWhole(value: number, min: number, max: number): boolean {
  return Number.isInteger(value) && value >= min && value <= max;
}

function invalid(message: string): Refusal {
  return { code: "like_invalid", message };
}
