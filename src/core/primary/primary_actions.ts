/** The actions that follow from one event, in the order in which the shell performs them. */
import type { FromPrimary } from "../protocol/messages.ts";
import type { PrimaryAction, PrimaryNotice } from "./primary_events.ts";

/** Collects the actions of one event. */
export class PrimaryActions {
  #actions: PrimaryAction[] = [];

  push(action: PrimaryAction): void {
    this.#actions.push(action);
  }

  /** Adds a message to send, if there is one. */
  send(streamId: number, message: FromPrimary | undefined): void {
    if (message !== undefined) this.#actions.push({ type: "send", streamId, message });
  }

  /** Adds a notice, if there is one. */
  notify(notice: PrimaryNotice | undefined): void {
    if (notice !== undefined) this.#actions.push({ type: "notice", notice });
  }

  /** Returns all actions, and empties the list. */
  take(): readonly PrimaryAction[] {
    const actions = this.#actions;
    this.#actions = [];
    return actions;
  }
}
