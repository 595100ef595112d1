/**
 * What both shells share: a driver that hands events to a core in turn, and callers that wait for
 * answers.
 */
import { performance } from "node:perf_hooks";
import { inTurn } from "./in_turn.ts";

/** The pure core of a role. */
interface Core<Event, Action> {
  handle(event: Event, nowMs: number): readonly Action[];
}

/** Drives a core: hands it events, and has its actions performed. */
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

  /**
   * Handles an event. An error is a bug and must end the role: gRPC would turn it into a status,
   * and continue.
   */
  readonly drive = inTurn((event: Event): void => {
    if (this.#isStopped) return;
    try {
      for (const action of this.#core.handle(event, performance.now())) this.#perform(action);
    } catch (error) {
      this.#fail(error);
    }
  });

  /** Ignores all events from now on. */
  stop(): void {
    this.#isStopped = true;
  }
}

/** Callers that wait for an answer of the core, by request id. */
export class Callers<Answer> {
  readonly #waiting = new Map<number, (answer: Answer) => void>();
  #requestId = 0;

  /** Adds a caller. Returns the id of its request. */
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

  /** Answers all waiting callers. */
  answerAll(answer: Answer): void {
    for (const requestId of this.#waiting.keys()) this.answer(requestId, answer);
  }
}
