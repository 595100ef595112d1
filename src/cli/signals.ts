/**
 * What signals do to a process of `likes`.
 *
 * Ctrl-C is as people expect it: the first one ends the work well, the second one ends it now. A SIGHUP
 * ends it well too, and never at once: a terminal that closes sends two or three of them. Handlers are
 * installed before the ready line is printed, so that whoever waits for that line can rely on them.
 */
import { ENDING_SIGNALS, IGNORED, ignoredSignals } from "./ignored_signals.ts";
import type { EndingSignal } from "./ignored_signals.ts";

let ignored: ReadonlySet<EndingSignal> = new Set();

/**
 * Makes the signals that were ignored at the start of this process harmless again, and SIGUSR1, by
 * which Node opens its debugger to everybody on this machine.
 */
export function keepIgnored(): void {
  ignored = ignoredSignals(process.env);
  Reflect.deleteProperty(process.env, IGNORED); // children are started with the default of Node
  for (const signal of [...ignored, "SIGUSR1"] as const) process.on(signal, () => {});
}

/** Waits for the first signal; from then on the next Ctrl-C or SIGTERM calls `onSecond`. */
export class StopSignals {
  readonly first: Promise<void>;
  readonly #handler: (signal: NodeJS.Signals) => void;
  readonly #signals = ENDING_SIGNALS.filter((signal) => !ignored.has(signal));

  constructor(onSecond: () => void) {
    let isStopping = false;
    let resolveFirst: () => void = () => {};
    this.first = new Promise((resolve) => {
      resolveFirst = resolve;
    });
    this.#handler = (signal) => {
      if (!isStopping) resolveFirst();
      else if (signal !== "SIGHUP") onSecond();
      isStopping = true;
    };
    for (const signal of this.#signals) process.on(signal, this.#handler);
  }

  release(): void {
    for (const signal of this.#signals) process.off(signal, this.#handler);
  }
}
