/**
 * Signal handling of a `likes` process.
 *
 * The first Ctrl-C shuts down cleanly, the second one ends at once. SIGHUP always shuts down
 * cleanly: a closing terminal sends two or three. Handlers are installed before the ready line is
 * printed, so that a program waiting for that line can rely on them.
 */
import { ENDING_SIGNALS, IGNORED, ignoredSignals } from "./ignored_signals.ts";
import type { EndingSignal } from "./ignored_signals.ts";

let ignored: ReadonlySet<EndingSignal> = new Set();

/**
 * Ignores the signals that were ignored at the start of this process. Ignores SIGUSR1 too, with
 * which Node opens its debugger to everyone on this machine.
 */
export function keepIgnored(): void {
  ignored = ignoredSignals(process.env);
  Reflect.deleteProperty(process.env, IGNORED); // children start with Node's default
  for (const signal of [...ignored, "SIGUSR1"] as const) process.on(signal, () => {});
}

/** Waits for the first signal. A later Ctrl-C or SIGTERM calls `onSecond`. */
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
