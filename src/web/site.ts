/** Sites: where the items of a LikesServer are shown, and what a person may give to each item. */
import { LIKES_PER_PERSON_MAX, REACTIONS_MAX } from "../limits.ts";
import { PLAIN_LIKE } from "../core/protocol/register.ts";
import type { RegisterState, Wanted } from "../core/protocol/register.ts";

/** What a person gives to an item: a like, one of several reactions, or a number of claps. */
export const POLICIES = ["like", "reactions", "claps"] as const;

export type Policy = (typeof POLICIES)[number];

export interface Site {
  readonly name: string;
  /** Origins of the pages that may write, such as `https://example.org`. */
  readonly origins: readonly string[];
  readonly policy: Policy;
  /** Whether only persons whom the site's backend has signed in may give likes. */
  readonly signedOnly: boolean;
}

/** Returns the greatest value of a policy; 0 is nothing. */
export function valueMax(policy: Policy): number {
  switch (policy) {
    case "like":
      return 1;
    case "reactions":
      return REACTIONS_MAX;
    case "claps":
      return LIKES_PER_PERSON_MAX;
  }
}

/** Returns what a person wants who gives `value`. */
export function wantedOf(policy: Policy, value: number): Wanted {
  if (value === 0) return { reaction: 0, likes: 0 };
  switch (policy) {
    case "like":
      return { reaction: PLAIN_LIKE, likes: 1 };
    case "reactions":
      return { reaction: value, likes: 1 };
    case "claps":
      return { reaction: PLAIN_LIKE, likes: value };
  }
}

/** Returns the value of a state: the reaction, or the number of likes. */
export function valueOf(policy: Policy, { reaction, likes }: Wanted | RegisterState): number {
  return policy === "reactions" ? reaction : likes;
}

/**
 * Whether a revision may give a value. Likes and nothing take turns at an item, so that odd revisions
 * give a like. A client that counts otherwise has missed a state, and would undo it.
 */
export function isInTurn(policy: Policy, revision: number, value: number): boolean {
  return policy !== "like" || revision % 2 === value;
}

/** Returns the id of a site's item in the ledger. */
export function itemIdOf(site: string, item: string): string {
  return `${site}/${item}`;
}

/** Returns the item of an id that `itemIdOf` made. */
export function itemOf(site: string, itemId: string): string {
  return itemId.slice(site.length + 1);
}
