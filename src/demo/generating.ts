/**
 * Adds a generator's likes at its ticks, on real time. The generator is a client of a LikesServer
 * in its own process, which stores each tick with its event.
 */
import type { AddResult, SetResult } from "../core/likes_server/likes_server.ts";
import type { PersonId } from "../core/protocol/ids.ts";
import { countOf } from "../text/numbers.ts";
import { setAt } from "./person_generator.ts";
import { dueTick, intervalMs, likesAt, tickMs } from "./generator.ts";
import type { GeneratorPlan, TickPlan } from "./generator.ts";
import { decodeMark, encodeMark } from "./generator_mark.ts";
import type { GeneratorMark } from "./generator_mark.ts";
import type { LikeEvent } from "../core/protocol/like_event.ts";
import { monotonicMs } from "../monotonic.ts";

/** Pause before a rejected tick is retried, while it is still due. */
const RETRY_MS = 50;
/** The longest single timer: after a suspend, the generator goes on within this time. */
const TIMER_SLICE_MS = 1_000;

/** The part of a LikesServer that a generator uses. */
export interface GeneratorServer {
  /** The newest mark in the outbox. */
  readonly mark: string | undefined;
  /** Events that the outbox has accepted so far. */
  readonly acceptedEvents: number;
  add(event: LikeEvent, mark: string): Promise<AddResult | SetResult>;
  /** Returns the pseudonym of a person. */
  personOf(itemId: string, subject: string): PersonId;
}

/** What a generator adds. */
export interface GeneratingOptions {
  readonly plan: GeneratorPlan;
  readonly itemId: string;
}

/** A generator that runs from `start` to `finish`. */
export class Generating {
  readonly #options: GeneratingOptions;
  readonly #server: GeneratorServer;
  #mark: GeneratorMark | undefined;
  #ticks: TickPlan | undefined;
  #timer: NodeJS.Timeout | undefined;
  /** The write in progress, if any. */
  #adding: Promise<void> | undefined;
  #lastLikeMs: number | undefined;

  constructor(options: GeneratingOptions, server: GeneratorServer) {
    this.#options = options;
    this.#server = server;
    this.#mark = decodeMark(server.mark);
  }

  /** Its interval, likes and item, as a log line. */
  get description(): string {
    const { plan, itemId } = this.#options;
    const what = plan.persons > 0 ? countOf(plan.persons, "person") : `0 to ${plan.likesMax} likes`;
    return `interval ${intervalMs(plan)} ms, ${what} for ${itemId}`;
  }

  /** Begins a run that started at `startMs` (monotonic clock). Further calls do nothing. */
  start(startMs: number, durationMs = Infinity): void {
    if (this.#ticks !== undefined) return;
    this.#ticks = { startMs, durationMs, intervalMs: intervalMs(this.#options.plan) };
    this.#schedule(this.#ticks);
  }

  /**
   * Ends the run `durationMs` after its start, or now if that is earlier. Still adds the newest
   * tick due by then, however late: a slow machine adds fewer likes, not none. Adds nothing after
   * that, even when called again. Returns when the last like was added (monotonic clock); after a
   * restart, when its tick was due. Returns undefined when the run added nothing.
   */
  async finish(durationMs = Infinity): Promise<number | undefined> {
    clearTimeout(this.#timer);
    if (this.#ticks === undefined) return undefined;
    const { startMs } = this.#ticks;
    const lastedMs = Math.min(this.#ticks.durationMs, durationMs, monotonicMs() - startMs);
    const ticks = (this.#ticks = { ...this.#ticks, durationMs: lastedMs });
    await this.#adding;
    this.#addDue(ticks, startMs + lastedMs);
    await this.#adding;
    const tick = this.#tickOf(ticks);
    return this.#lastLikeMs ?? (tick === 0 ? undefined : tickMs(ticks, tick));
  }

  #schedule(ticks: TickPlan): void {
    this.#addDue(ticks);
    const next = tickMs(ticks, this.#tickOf(ticks) + 1) - monotonicMs();
    const waitMs = Math.min(Math.max(next, next <= 0 ? RETRY_MS : 1), TIMER_SLICE_MS);
    this.#timer = setTimeout(() => this.#schedule(ticks), waitMs);
  }

  #addDue(ticks: TickPlan, nowMs = monotonicMs()): void {
    if (this.#adding !== undefined) return;
    const tick = dueTick(ticks, this.#tickOf(ticks), nowMs);
    if (tick === undefined) return;
    this.#adding = this.#add(ticks, tick).finally(() => (this.#adding = undefined));
  }

  /** The newest tick added in this run; 0 for none. */
  #tickOf({ startMs }: TickPlan): number {
    return this.#mark?.startMs === startMs ? this.#mark.tick : 0;
  }

  async #add({ startMs }: TickPlan, tick: number): Promise<void> {
    const event = this.#eventAt(this.#server.acceptedEvents);
    const mark = { startMs, tick, events: (this.#mark?.events ?? 0) + 1 };
    const outcome = await this.#server.add(event, encodeMark(mark));
    if (outcome.type !== "accepted" && outcome.type !== "stored") return;
    this.#mark = mark;
    this.#lastLikeMs = monotonicMs();
  }

  #eventAt(eventsAccepted: number): LikeEvent {
    const { plan, itemId } = this.#options;
    if (plan.persons === 0) {
      return { itemId, change: { kind: "add", likes: BigInt(likesAt(plan, eventsAccepted)) } };
    }
    const { subject, state } = setAt(plan, eventsAccepted);
    const person = this.#server.personOf(itemId, subject);
    return { itemId, change: { kind: "set", person, state } };
  }
}
