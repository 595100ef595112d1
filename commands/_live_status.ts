/** The live status on a terminal, including while the primary does not answer. */
import type { Status } from "../src/core/primary/status.ts";
import { monotonicMs } from "../src/monotonic.ts";
import type { LiveScreen } from "./_live_screen.ts";

/** When an answer is later than this, the table is out of date. */
const LATE_MAX_MS = 2_000;
const REDRAW_MS = 1_000;

/** Draws on `screen` a status that comes every `intervalMs`. */
export class LiveStatus {
  readonly #screen: LiveScreen;
  readonly #intervalMs: number;
  readonly #ticking = setInterval(() => this.#tick(), REDRAW_MS).unref();
  #latest: { readonly status: Status; readonly atMs: number } | undefined;
  #awayReason: string | undefined;

  constructor(screen: LiveScreen, intervalMs: number) {
    this.#screen = screen;
    this.#intervalMs = intervalMs;
  }

  show(status: Status): void {
    this.#latest = { status, atMs: monotonicMs() };
    this.#awayReason = undefined;
    this.#screen.draw(this.#screen.statusText(status));
  }

  /** The primary does not answer: the table is out of date. */
  away(reason: string): void {
    this.#awayReason = reason;
    this.#tick();
  }

  /** Ends the updates, and leaves the drawing on the screen. */
  end(): void {
    clearInterval(this.#ticking);
    if (this.#latest !== undefined) this.#screen.done();
  }

  #tick(): void {
    if (this.#latest === undefined) return;
    const { status, atMs } = this.#latest;
    const silentMs = monotonicMs() - atMs;
    const isLate = silentMs >= this.#intervalMs + LATE_MAX_MS;
    if (this.#awayReason === undefined && !isLate) return;
    this.#screen.draw(this.#screen.awayText(status, silentMs, this.#awayReason));
  }
}
