/** Collects what one event makes a LikesServer do. Every part of the state machine adds to it. */
import type { LikesServerAction, LikesServerNotice } from "./likes_server_events.ts";

/** Actions in the order in which they must happen. */
export class ActionList {
  #actions: LikesServerAction[] = [];

  /** Adds an action after the others. */
  push(action: LikesServerAction): void {
    this.#actions.push(action);
  }

  /** Adds a notice after the others. */
  notice(notice: LikesServerNotice): void {
    this.#actions.push({ type: "notice", notice });
  }

  /** Returns all actions, and begins an empty list. */
  takeAll(): readonly LikesServerAction[] {
    const actions = this.#actions;
    this.#actions = [];
    return actions;
  }
}
