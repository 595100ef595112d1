/**
 * Registers by person and item, each with the rank of its greatest state. The rank orders states
 * and is what a ledger stores: by revision, then by reaction, then by likes.
 */
import { IdMap } from "./id_map.ts";
import type { IdEntry } from "./id_map.ts";
import { isState } from "./like_events.ts";
import type { AuditedState } from "./like_events.ts";

/** More than the greatest reaction, and than the most likes. */
const RANKS = 64;

/** Returns the rank of a state. */
export function rankOf({ revision, reaction, likes }: AuditedState): number {
  return (revision * RANKS + reaction) * RANKS + likes;
}

/** Returns the state of a rank. */
export function stateOf(rank: number): AuditedState {
  const pair = Math.floor(rank / RANKS);
  return { revision: Math.floor(pair / RANKS), reaction: pair % RANKS, likes: rank % RANKS };
}

/** Returns whether a register may have the rank. */
export function isRank(rank: number): boolean {
  return isState(stateOf(rank));
}

/** The greatest rank of each register; an item is given by its number. */
export class Registers {
  readonly #ranks = new IdMap();

  /** Notes a rank. The greatest one stays, in whatever order they come. */
  raise(person: Uint8Array, item: number, rank: number): void {
    if (rank > (this.#ranks.get(person, item) ?? 0)) this.#ranks.set(person, item, rank);
  }

  /** Returns the rank of a register and removes it; undefined when there is none. */
  take(person: Uint8Array, item: number): number | undefined {
    return this.#ranks.take(person, item);
  }

  /** Yields all registers: person, item and rank. */
  entries(): Generator<IdEntry> {
    return this.#ranks.entries();
  }
}
