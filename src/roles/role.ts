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
  readonly #onFailed: (error: unknown) => void;
  #isStopped = false;

  constructor(
    core: Core<Event, Action>,
    perform: (action: Action) => void,
    onFailed: (error: unknown) => void,
  ) {
    this.#core = core;
    this.#perform = perform;
    this.#onFailed = onFailed;
  }

  get isStopped(): boolean {
    return this.#isStopped;
  }

  /** Handles an event. Throws nothing: an error is a bug, and ends the role. */
  readonly drive = inTurn((event: Event): void => {
    if (this.#isStopped) return;
    try {
      for (const action of this.#core.handle(event, performance.now())) this.#perform(action);
    } catch (error) {
      this.fail(error);
    }
  });

  /** Returns what `read` reads from the core. An error ends the role, and is thrown again. */
  read<T>(read: () => T): T {
    try {
      return read();
    } catch (error) {
      this.fail(error);
      throw error;
    }
  }

  /** Ignores all events from now on. */
  stop(): void {
    this.#isStopped = true;
  }

  /**
   * Stops for an error that is a bug, and reports it once. After a stop it ignores errors: a closed
   * store may fail any call.
   */
  fail(error: unknown): void {
    if (this.#isStopped) return;
    // First, because gRPC turns an error into a status, and goes on calling.
    this.stop();
    this.#onFailed(error);
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

  /**
   * Adds a caller that waits for one answer to each question. Returns the questions with the ids of
   * their requests.
   */
  addAll<Question>(
    questions: readonly Question[],
    done: (answers: readonly Answer[]) => void,
  ): readonly (readonly [requestId: number, question: Question])[] {
    const answers: Answer[] = [];
    let waiting = questions.length;
    if (waiting === 0) done(answers);
    return questions.map((question, index) => {
      const requestId = this.add((answer) => {
        answers[index] = answer;
        waiting--;
        if (waiting === 0) done(answers);
      });
      return [requestId, question];
    });
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
