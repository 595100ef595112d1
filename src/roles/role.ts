/**
 * What both roles share: a core that is driven by events in turn, and callers that wait for its answers.
 * Nothing here knows a role.
 */
import { performance } from "node:perf_hooks";
import { inTurn } from "./in_turn.ts";

/** The pure core of a role. */
interface Core<Event, Action> {
  handle(event: Event, nowMs: number): readonly Action[];
}

/** A core, and the shell that performs its actions. */
export class Driver<Event, Action> {
  readonly #core: Core<Event, Action>;
  readonly #perform: (action: Action) => void;
  readonly #fail: (error: unknown) => void;
  #isStopped = false;

  constructor(
    core: Core<Event, Action>,
    perform: (action: Action) => void,
    fail: (error: unknown) => void,
  ) {
    this.#core = core;
    this.#perform = perform;
    this.#fail = fail;
  }

  get isStopped(): boolean {
    return this.#isStopped;
  }

  /** Takes an event. An error is a bug and ends the role: gRPC would answer for it and go on. */
  readonly drive = inTurn((event: Event): void => {
    if (this.#isStopped) return;
    try {
      for (const action of this.#core.handle(event, performance.now())) this.#perform(action);
    } catch (error) {
      this.#fail(error);
    }
  });

  /** Events that come from here on change nothing. */
  stop(): void {
    this.#isStopped = true;
  }
}

/** Callers that wait for an answer of the core, each under the id of its request. */
export class Callers<Answer> {
  readonly #waiting = new Map<number, (answer: Answer) => void>();
  #requestId = 0;

  /** Takes a caller. Returns the id by which it is answered. */
  add(done: (answer: Answer) => void): number {
    const requestId = ++this.#requestId;
    this.#waiting.set(requestId, done);
    return requestId;
  }

  answer(requestId: number, answer: Answer): void {
    const done = this.#waiting.get(requestId);
    this.#waiting.delete(requestId);
    done?.(answer);
  }

  /** Answers all that still wait. */
  answerAll(answer: Answer): void {
    for (const requestId of this.#waiting.keys()) this.answer(requestId, answer);
  }
}
