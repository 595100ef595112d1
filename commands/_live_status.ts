/** The status on a terminal, drawn again and again, which says so when nobody answers. */
import type { Status } from "../src/core/primary/status.ts";
import { monotonicMs } from "../src/monotonic.ts";
import type { LiveScreen } from "./_live_screen.ts";

/** How late an answer may be before what is drawn is not true any more. */
const LATE_MAX_MS = 2_000;
const REDRAW_MS = 1_000;

/** A table on `screen`, of a status that comes every `intervalMs`. */
export class LiveStatus {
  readonly #screen: LiveScreen;
  readonly #intervalMs: number;
  readonly #ticking = setInterval(() => this.#tick(), REDRAW_MS).unref();
  #heard: { readonly status: Status; readonly atMs: number } | undefined;
  #awayReason: string | undefined;

  constructor(screen: LiveScreen, intervalMs: number) {
    this.#screen = screen;
    this.#intervalMs = intervalMs;
  }

  heard(status: Status): void {
    this.#heard = { status, atMs: monotonicMs() };
    this.#awayReason = undefined;
    this.#screen.draw(this.#screen.statusText(status));
  }

  /** Nobody answers: what was drawn is not true any more. */
  away(reason: string): void {
    this.#awayReason = reason;
    this.#tick();
  }

  /** Leaves what is drawn on the screen. */
  end(): void {
    clearInterval(this.#ticking);
    if (this.#heard !== undefined) this.#screen.done();
  }

  #tick(): void {
    if (this.#heard === undefined) return;
    const { status, atMs } = this.#heard;
    const silentMs = monotonicMs() - atMs;
    const isLate = silentMs >= this.#intervalMs + LATE_MAX_MS;
    if (this.#awayReason === undefined && !isLate) return;
    this.#screen.draw(this.#screen.awayText(status, silentMs, this.#awayReason));
  }
}
