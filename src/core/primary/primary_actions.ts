/** The actions that follow from one event, in the order in which the shell must perform them. */
import type { FromPrimary } from "../protocol/messages.ts";
import type { PrimaryAction, PrimaryNotice } from "./primary_events.ts";

/** Collects actions. */
export class PrimaryActions {
  #actions: PrimaryAction[] = [];

  push(action: PrimaryAction): void {
    this.#actions.push(action);
  }

  /** Sends a message, if there is one. */
  send(streamId: number, message: FromPrimary | undefined): void {
    if (message !== undefined) this.#actions.push({ type: "send", streamId, message });
  }

  /** Tells a person something, if there is something to tell. */
  notify(notice: PrimaryNotice | undefined): void {
    if (notice !== undefined) this.#actions.push({ type: "notice", notice });
  }

  /** Returns the actions of this event. The next event begins without any. */
  take(): readonly PrimaryAction[] {
    const actions = this.#actions;
    this.#actions = [];
    return actions;
  }
}
