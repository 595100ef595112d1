/** Figures for Prometheus. They name routes and outcomes, and never an item or a person. */
import { Counter, Gauge, Histogram, Registry, collectDefaultMetrics } from "prom-client";
import type { SetResult } from "../core/likes_server/likes_server.ts";

/** Upper bounds of the answer times that are told apart, in seconds. */
const SECONDS = [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5];

/** What is counted elsewhere, as it is now. */
export interface Gauges {
  readonly watchers: () => number;
  readonly pendingEvents: () => number;
  readonly acceptedEvents: () => number;
  readonly isAccepting: () => boolean;
}

/** The figures of one LikesServer. */
export class Metrics {
  readonly #registry = new Registry();
  readonly #requests: Counter<"route" | "status">;
  readonly #seconds: Histogram<"route">;
  readonly #sets: Counter<"outcome">;
  readonly #problems: Counter<"problem">;

  constructor(gauges: Gauges) {
    const registers = [this.#registry];
    collectDefaultMetrics({ register: this.#registry });
    this.#requests = new Counter({
      name: "likes_http_requests_total",
      help: "HTTP requests by route and status",
      labelNames: ["route", "status"],
      registers,
    });
    this.#seconds = new Histogram({
      name: "likes_http_request_seconds",
      help: "Time from a request to its answer",
      labelNames: ["route"],
      buckets: SECONDS,
      registers,
    });
    this.#sets = new Counter({
      name: "likes_sets_total",
      help: "Sets of what persons give, by outcome",
      labelNames: ["outcome"],
      registers,
    });
    this.#problems = new Counter({
      name: "likes_http_problems_total",
      help: "Requests that ended with a problem",
      labelNames: ["problem"],
      registers,
    });
    this.#gauge("likes_watchers", "Open streams of server-sent events", gauges.watchers);
    this.#gauge("likes_pending_events", "Events that are not delivered", gauges.pendingEvents);
    this.#gauge("likes_accepted_events", "Events in the outbox, ever", gauges.acceptedEvents);
    this.#gauge("likes_accepting", "1 while likes are accepted", () =>
      Number(gauges.isAccepting()),
    );
  }

  #gauge(name: string, help: string, read: () => number): void {
    const collect = function (this: Gauge): void {
      this.set(read());
    };
    new Gauge({ name, help, registers: [this.#registry], collect });
  }

  /** Counts an answer. */
  answered(route: string, status: number, seconds: number): void {
    this.#requests.inc({ route, status });
    this.#seconds.observe({ route }, seconds);
  }

  set(outcome: SetResult["type"]): void {
    this.#sets.inc({ outcome });
  }

  problem(problem: string): void {
    this.#problems.inc({ problem });
  }

  get type(): string {
    return this.#registry.contentType;
  }

  /** Returns all figures in the text format. */
  async text(): Promise<string> {
    return this.#registry.metrics();
  }
}
