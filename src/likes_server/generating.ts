/**
 * Gives a generator's likes at its ticks, on real time.
 *
 * Each tick is stored with its event, so a process that was killed and started again within an
 * interval neither gives a tick twice nor leaves one out.
 */
import type { GiveOutcome } from "../core/likes_server.ts";
import { dueTick, intervalMs, likesAt, tickMs } from "../core/generator.ts";
import type { GeneratorPlan, TickPlan } from "../core/generator.ts";
import type { GeneratorMark } from "../core/outbox.ts";
import type { LikeEvent } from "../core/like_event.ts";
import { monotonicMs } from "../monotonic.ts";

/** A tick that could not be given is tried again after this, as long as it is due. */
const RETRY_MS = 50;
/** The longest single timer: a suspended machine is noticed within it. */
const TIMER_MAX_MS = 1_000;

/** What a generator needs of the role. */
export interface Giving {
  /** Events that the outbox has accepted so far. */
  acceptedEvents(): number;
  give(event: LikeEvent, mark: GeneratorMark, done: (outcome: GiveOutcome) => void): void;
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
   * Gives the tick that is due, if one is, and no more after it. Gives the time of the last like by
   * the machine's monotonic clock, or nothing when this process gave none.
   */
  async finish(): Promise<number | undefined> {
    clearTimeout(this.#timer);
    const ticks = this.#ticks;
    await this.#given;
    if (ticks !== undefined) this.#giveDue(ticks);
    await this.#given;
    clearTimeout(this.#timer);
    return this.#lastLikeMs;
  }

  #schedule(ticks: TickPlan): void {
    this.#giveDue(ticks);
    const next = tickMs(ticks, this.#tickOf(ticks) + 1) - monotonicMs();
    const waitMs = Math.min(Math.max(next, next <= 0 ? RETRY_MS : 1), TIMER_MAX_MS);
    this.#timer = setTimeout(() => this.#schedule(ticks), waitMs);
  }

  #giveDue(ticks: TickPlan): void {
    if (this.#given !== undefined) return;
    const tick = dueTick(ticks, this.#tickOf(ticks), monotonicMs());
    if (tick === undefined) return;
    this.#given = this.#give(ticks, tick).finally(() => (this.#given = undefined));
  }

  /** The last tick given in this run; 0 for none. */
  #tickOf({ startMs }: TickPlan): number {
    return this.#mark?.startMs === startMs ? this.#mark.tick : 0;
  }

  #give({ startMs }: TickPlan, tick: number): Promise<void> {
    const likes = likesAt(this.#options.plan, this.#giving.acceptedEvents());
    const event: LikeEvent = {
      itemId: this.#options.itemId,
      change: { kind: "add", likes: BigInt(likes) },
    };
    const mark = { startMs, tick, events: (this.#mark?.events ?? 0) + 1 };
    return new Promise((resolve) => {
      this.#giving.give(event, mark, (outcome) => {
        if (outcome.type === "accepted") {
          this.#mark = mark;
          this.#lastLikeMs = monotonicMs();
        }
        resolve();
      });
    });
  }
}
