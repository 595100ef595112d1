/**
 * Ctrl-C as people expect it: the first one ends the work well, the second one ends it now.
 *
 * Handlers are installed before the ready line is printed, so that whoever waits for that line can
 * rely on them.
 */
const SIGNALS = ["SIGINT", "SIGTERM"] as const;

/** Waits for the first signal; from then on the next one calls `onSecond`. */
export class StopSignals {
  readonly first: Promise<void>;
  readonly #handler: () => void;

  constructor(onSecond: () => void) {
    let count = 0;
    let resolveFirst: () => void = () => {};
    this.first = new Promise((resolve) => {
      resolveFirst = resolve;
    });
    this.#handler = () => {
      count++;
      if (count === 1) resolveFirst();
      else onSecond();
    };
    for (const signal of SIGNALS) process.on(signal, this.#handler);
  }

  release(): void {
    for (const signal of SIGNALS) process.off(signal, this.#handler);
  }
}
