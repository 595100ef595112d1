/** Writes how `likes set` ended. */
import type { RegisterState } from "../core/protocol/register.ts";
import type { SetResult } from "../core/likes_server/likes_server.ts";
import { escapeText } from "../text/escape.ts";
import { countOf } from "../text/numbers.ts";

/** A set that was not refused. */
export interface EndedSet {
  readonly serverId: string;
  readonly address: string;
  readonly itemId: string;
  readonly subject: string;
  readonly outcome: Exclude<SetResult, { readonly type: "refused" }>;
}

/** `likes-server-0 #7 stored: ada gives 1 like to video (revision 1)`. */
export function setText({ serverId, itemId, subject, outcome }: EndedSet): string {
  const gives = `${escapeText(subject)} gives ${stateText(outcome.state)} to ${escapeText(itemId)}`;
  const given = `${gives} (revision ${outcome.state.revision})`;
  const server = escapeText(serverId);
  switch (outcome.type) {
    case "stored":
      return `${server} #${outcome.sequence} stored: ${given}`;
    case "same":
      return `${server} has nothing to change: ${given}`;
    case "superseded":
      return `${server} has a newer one: ${given}`;
  }
}

/** Returns the object of `likes set --json`. It names no person. */
export function setJson({ serverId, itemId, outcome, address }: EndedSet): unknown {
  const { type, state } = outcome;
  const stored =
    type === "stored"
      ? { incarnation: outcome.incarnation, sequence: String(outcome.sequence) }
      : {};
  return { serverId, outcome: type, itemId, ...state, ...stored, address };
}

/** `1 like`, `1 like of reaction 3`. */
export function stateText({ reaction, likes }: RegisterState): string {
  const text = countOf(likes, "like");
  return reaction > 1 ? `${text} of reaction ${reaction}` : text;
}
