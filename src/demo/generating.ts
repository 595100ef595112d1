/**
 * Gives a generator's likes at its ticks, on real time.
 *
 * Each tick is stored with its event, so a process that was killed and started again within an
 * interval neither gives a tick twice nor leaves one out.
 */
import type { AddResult } from "../core/likes_server/likes_server.ts";
import { dueTick, intervalMs, likesAt, tickMs } from "./generator.ts";
import type { GeneratorPlan, TickPlan } from "./generator.ts";
import type { GeneratorMark } from "../core/likes_server/outbox.ts";
import type { LikeEvent } from "../core/protocol/like_event.ts";
import { monotonicMs } from "../monotonic.ts";

/** A tick that could not be given is tried again after this, as long as it is due. */
const RETRY_MS = 50;
/** The longest single timer: a suspended machine is noticed within it. */
const TIMER_MAX_MS = 1_000;

/** What a generator needs of the role. */
export interface Giving {
  /** Events that the outbox has accepted so far. */
  acceptedEvents(): number;
  add(event: LikeEvent, mark: GeneratorMark, done: (outcome: AddResult) => void): void;
}

/** What is to be given, and of what. */
export interface GeneratingOptions {
  readonly plan: GeneratorPlan;
  readonly itemId: string;
  /** How far the outbox says that a generator has come. */
  readonly mark: GeneratorMark | undefined;
}

/** A generator that runs from `start` to `finish`. */
export class Generating {
  readonly #options: GeneratingOptions;
  readonly #giving: Giving;
  #mark: GeneratorMark | undefined;
  #ticks: TickPlan | undefined;
  #timer: NodeJS.Timeout | undefined;
  #given: Promise<void> | undefined;
  #lastLikeMs: number | undefined;

  constructor(options: GeneratingOptions, giving: Giving) {
    this.#options = options;
    this.#giving = giving;
    this.#mark = options.mark;
  }

  get intervalMs(): number {
    return intervalMs(this.#options.plan);
  }

  /** Begins a run that started at `startMs` by the machine's monotonic clock. Done once. */
  start(startMs: number, durationMs = Infinity): void {
    if (this.#ticks !== undefined) return;
    this.#ticks = { startMs, durationMs, intervalMs: this.intervalMs };
    this.#schedule(this.#ticks);
  }

  /**
   * Ends the giving `durationMs` after its start, and not later than now. The newest tick up to then
   * is still given, however late it is: a slow machine gives less, and not nothing. Nothing comes
   * after it, also when the end is asked for again. Returns the time of the last like of the run by
   * the machine's monotonic clock, at the latest; nothing when there was none.
   */
  async finish(durationMs = Infinity): Promise<number | undefined> {
    clearTimeout(this.#timer);
    if (this.#ticks === undefined) return undefined;
    const { startMs } = this.#ticks;
    const lastedMs = Math.min(this.#ticks.durationMs, durationMs, monotonicMs() - startMs);
    const ticks = (this.#ticks = { ...this.#ticks, durationMs: lastedMs });
    await this.#given;
    this.#addDue(ticks, startMs + lastedMs);
    await this.#given;
    const tick = this.#tickOf(ticks);
    return this.#lastLikeMs ?? (tick === 0 ? undefined : tickMs(ticks, tick));
  }

  #schedule(ticks: TickPlan): void {
    this.#addDue(ticks);
    const next = tickMs(ticks, this.#tickOf(ticks) + 1) - monotonicMs();
    const waitMs = Math.min(Math.max(next, next <= 0 ? RETRY_MS : 1), TIMER_MAX_MS);
    this.#timer = setTimeout(() => this.#schedule(ticks), waitMs);
  }

  #addDue(ticks: TickPlan, nowMs = monotonicMs()): void {
    if (this.#given !== undefined) return;
    const tick = dueTick(ticks, this.#tickOf(ticks), nowMs);
    if (tick === undefined) return;
    this.#given = this.#add(ticks, tick).finally(() => (this.#given = undefined));
  }

  /** The last tick given in this run; 0 for none. */
  #tickOf({ startMs }: TickPlan): number {
    return this.#mark?.startMs === startMs ? this.#mark.tick : 0;
  }

  #add({ startMs }: TickPlan, tick: number): Promise<void> {
    const likes = likesAt(this.#options.plan, this.#giving.acceptedEvents());
    const event: LikeEvent = {
      itemId: this.#options.itemId,
      change: { kind: "add", likes: BigInt(likes) },
    };
    const mark = { startMs, tick, events: (this.#mark?.events ?? 0) + 1 };
    return new Promise((resolve) => {
      this.#giving.add(event, mark, (outcome) => {
        if (outcome.type === "accepted") {
          this.#mark = mark;
          this.#lastLikeMs = monotonicMs();
        }
        resolve();
      });
    });
  }
}
