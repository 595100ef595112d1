/** Collects the actions that follow from one event. Every part of the machine adds to it. */
import type { LikesServerAction, LikesServerNotice } from "./likes_server_events.ts";

/** Actions in the order in which they must happen. */
export class ActionList {
  #actions: LikesServerAction[] = [];

  /** Appends an action. */
  push(action: LikesServerAction): void {
    this.#actions.push(action);
  }

  /** Appends a notice. */
  notify(notice: LikesServerNotice): void {
    this.#actions.push({ type: "notice", notice });
  }

  /** Returns all actions, and empties the list. */
  take(): readonly LikesServerAction[] {
    const actions = this.#actions;
    this.#actions = [];
    return actions;
  }
}
