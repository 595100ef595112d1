/**
 * A whole run: forks one primary and its LikesServers, lets them give for a while, lets every outbox
 * drain, and judges. Nothing is left running.
 */
import { setTimeout as pause } from "node:timers/promises";
import { LikesError } from "../errors.ts";
import { STATUS_INTERVAL_MIN_MS } from "../limits.ts";
import { intervalMs, likesOfFirst } from "../core/generator.ts";
import type { GeneratorPlan } from "../core/generator.ts";
import type { Status } from "../core/status.ts";
import { PARENT_LOG_NAME, PRIMARY_LOG_NAME } from "../log/log_file.ts";
import { likesServerLogName, openLogFile } from "../log/log_file.ts";
import type { LogFile } from "../log/log_file.ts";
import { monotonicMs } from "../monotonic.ts";
import { PrimaryClient } from "../rpc/primary_client.ts";
import { Child } from "./child.ts";
import type { ParentMessage } from "./child_channel.ts";
import { Observer, readOutboxes } from "./observe.ts";
import { PRIMARY, judge } from "./verdict.ts";
import type { Observation, Verdict } from "./verdict.ts";

/** Between two observations while the outboxes drain. */
const OBSERVE_PAUSE_MS = 50;
/** Until the generators have said that they are finished. */
const FINISH_WAIT_MAX_MS = 3_000;

/** Between two statuses that are shown. */
const SHOW_INTERVAL_MS = 1_000;

/** What is to be run. */
export interface RunOptions {
  readonly servers: number;
  readonly durationMs: number;
  readonly drainTimeoutMs: number;
  readonly plan: Omit<GeneratorPlan, "serverId">;
  readonly itemId: string;
  readonly port: number;
  readonly logDir: string;
  readonly dataDir: string;
  /** The program's entry, which the children run. */
  readonly entry: string;
}

/** What a person may want to see of a run. */
export interface RunEvents {
  readonly onReady: (ready: RunReady) => void;
  readonly onStatus: (status: Status, elapsedMs: number) => void;
  readonly onLine: (line: string) => void;
}

/** A run whose processes all work. */
export interface RunReady {
  readonly primary: string;
  readonly servers: readonly { readonly serverId: string; readonly address: string }[];
}

/** How a run ended. */
export interface RunResult {
  readonly verdict: Verdict;
  readonly durationMs: number;
  /** From the last like to the moment when all processes showed it; undefined when they did not. */
  readonly convergedAfterMs: number | undefined;
  /** A child that died again and again was given up. */
  readonly givenUp: boolean;
  readonly servers: readonly ServerResult[];
}

/** What became of one LikesServer. */
export interface ServerResult {
  readonly serverId: string;
  readonly intervalMs: number;
  readonly events: number;
  readonly acceptedLikes: bigint;
  /** The total that it shows; undefined when it does not answer. */
  readonly knownTotalLikes: bigint | undefined;
}

/** One run. */
export class Run {
  readonly #options: RunOptions;
  readonly #events: RunEvents;
  readonly #log: LogFile;
  readonly #children: Child[] = [];
  readonly #serverIds: readonly string[];
  /** Stops the generators before their time: the first Ctrl-C, or a child that was given up. */
  readonly #early = new AbortController();
  #start: Extract<ParentMessage, { type: "start" }> | undefined;
  #givenUp = false;
  /** Since when the primary has said that a total is shown everywhere, without a break. */
  #everywhere: { readonly totalLikes: bigint; readonly sinceMs: number } | undefined;

  #status: Status | undefined;

  /** Takes the logs of all its processes and empties them. Throws LikesError `log_unusable`. */
  constructor(options: RunOptions, events: RunEvents) {
    this.#options = options;
    this.#events = events;
    this.#serverIds = Array.from({ length: options.servers }, (_, n) => `likes-server-${n}`);
    this.#log = openLogFile(options.logDir, PARENT_LOG_NAME);
    for (const name of [PRIMARY_LOG_NAME, ...this.#serverIds.map(likesServerLogName)]) {
      const log = openLogFile(options.logDir, name);
      log.truncate();
      log.close();
    }
    this.#log.truncate();
  }

  /** Runs to the end. Throws LikesError when the processes could not be started. */
  async run(): Promise<RunResult> {
    try {
      const fresh = readOutboxes(this.#options.dataDir, []).outboxes.length === 0;
      const ready = await this.#startAll();
      const result = await this.#measure(ready, fresh);
      await this.#stopAll();
      return result;
    } catch (error) {
      this.kill();
      throw error;
    }
  }

  /** Stops the generators now; the run goes on to its verdict. */
  finish(): void {
    this.#early.abort();
  }

  /** Ends every child at once. */
  kill(): void {
    for (const child of this.#children) child.kill();
  }

  /** A line for the parent's log. */
  log(line: string): void {
    this.#log.line(line);
  }

  async #startAll(): Promise<RunReady> {
    const primary = this.#child(PRIMARY, ["start-primary"], this.#options.port);
    await primary.start("listening");
    const servers = this.#serverIds.map((serverId) =>
      this.#child(serverId, this.#serverArgs(serverId, primary.address), 0),
    );
    await Promise.all(servers.map((server) => server.start("accepting")));
    const addresses = servers.map(({ name, address }) => ({ serverId: name, address }));
    return { primary: primary.address, servers: addresses };
  }

  #child(name: string, args: readonly string[], port: number): Child {
    const { entry, dataDir, logDir } = this.#options;
    const folders = ["--data-dir", dataDir, "--log-dir", logDir];
    const options = {
      name,
      entry,
      port,
      args: [...args, ...folders],
      log: (line: string) => this.#log.line(line),
      tell: (line: string) => this.#tell(line),
      onGivenUp: () => this.#giveUp(),
    };
    const child = new Child(options, () => this.#start);
    this.#children.push(child);
    return child;
  }

  #serverArgs(serverId: string, primary: string): string[] {
    const { plan, itemId } = this.#options;
    const flags = {
      id: serverId,
      primary,
      seed: plan.seed,
      "interval-min": `${plan.intervalMinMs}ms`,
      "interval-max": `${plan.intervalMaxMs}ms`,
      "likes-max": plan.likesMax,
      item: itemId,
    };
    const given = Object.entries(flags).map(([name, value]) => `--${name}=${value}`);
    return ["start-likes", "--generate", ...given];
  }

  #tell(line: string): void {
    this.#log.line(line);
    this.#events.onLine(line);
  }

  #giveUp(): void {
    this.#givenUp = true;
    this.#early.abort();
  }

  /** Gives the start, waits for the end, lets everything drain, and judges. */
  async #measure(ready: RunReady, fresh: boolean): Promise<RunResult> {
    const { durationMs, dataDir } = this.#options;
    const startMs = monotonicMs();
    this.#start = { type: "start", startMs, durationMs };
    this.#events.onReady(ready);
    for (const child of this.#children) child.send(this.#start);
    const watching = new AbortController();
    const watched = this.#watch(ready.primary, startMs, watching.signal);
    await pause(durationMs, undefined, { signal: this.#early.signal }).catch(() => undefined);
    const lastLikeMs = await this.#finishAll();
    const ranMs = monotonicMs() - startMs;
    const observer = new Observer(dataDir, ready.primary, ready.servers);
    try {
      const { verdict, observation } = await this.#drain(observer, fresh);
      const convergedAfterMs = this.#convergedMs(verdict, lastLikeMs);
      const servers = this.#serverIds.map((serverId) => this.#serverResult(serverId, observation));
      const givenUp = this.#givenUp;
      return { verdict, durationMs: ranMs, convergedAfterMs, givenUp, servers };
    } finally {
      await pause(STATUS_INTERVAL_MIN_MS); // so that the last status shown is that of the end
      watching.abort();
      observer.close();
      await watched;
      if (this.#status !== undefined) this.#events.onStatus(this.#status, ranMs);
    }
  }

  /** From the last like to convergence, which the parent verified and the primary dated. */
  #convergedMs({ converged, totalLikes }: Verdict, lastLikeMs: number): number | undefined {
    if (!converged) return undefined;
    const dated = this.#everywhere?.totalLikes === totalLikes ? this.#everywhere : undefined;
    return Math.max(0, (dated?.sinceMs ?? monotonicMs()) - lastLikeMs);
  }

  /** Watches the primary's status, also over its deaths, and shows it once a second. */
  async #watch(primary: string, startMs: number, signal: AbortSignal): Promise<void> {
    let shownMs = -Infinity;
    let away = false;
    while (!signal.aborted) {
      const client = new PrimaryClient(primary);
      try {
        for await (const status of client.watch(STATUS_INTERVAL_MIN_MS, signal)) {
          const nowMs = monotonicMs();
          this.#date(status, nowMs);
          this.#status = status;
          away = false;
          if (nowMs - shownMs < SHOW_INTERVAL_MS) continue;
          shownMs = nowMs;
          this.#events.onStatus(status, nowMs - startMs);
        }
      } catch (error) {
        if (!(error instanceof LikesError)) throw error;
        if (!away) this.#log.line(`lost sight of the primary: ${error.message}`);
        away = true;
        await pause(OBSERVE_PAUSE_MS);
      } finally {
        client.close();
      }
    }
  }

  #date({ everywhere, totalLikes }: Status, nowMs: number): void {
    if (!everywhere) this.#everywhere = undefined;
    else if (this.#everywhere?.totalLikes !== totalLikes) {
      this.#everywhere = { totalLikes, sinceMs: nowMs };
    }
  }

  /** Stops the generators. Gives the time of the last like, as far as it is known. */
  async #finishAll(): Promise<number> {
    this.#start = undefined; // a child that is started again does not generate
    const servers = this.#children.filter(({ name }) => name !== PRIMARY);
    const times = await Promise.all(servers.map((server) => server.finish(FINISH_WAIT_MAX_MS)));
    const known = times.filter((time) => time !== undefined);
    return known.length === 0 ? monotonicMs() : Math.max(...known);
  }

  async #drain(
    observer: Observer,
    fresh: boolean,
  ): Promise<{ verdict: Verdict; observation: Observation }> {
    const { drainTimeoutMs, plan } = this.#options;
    const ofSeed = (serverId: string, events: number): bigint =>
      likesOfFirst({ ...plan, serverId }, events);
    const deadlineMs = monotonicMs() + drainTimeoutMs;
    for (;;) {
      const observation = await observer.observe();
      const verdict = judge(observation, fresh ? ofSeed : undefined);
      const late = monotonicMs() >= deadlineMs;
      if (verdict.converged || late) return { verdict, observation };
      await pause(OBSERVE_PAUSE_MS);
    }
  }

  #serverResult(serverId: string, { outboxes, shown }: Observation): ServerResult {
    const outbox = outboxes.find((tally) => tally.serverId === serverId);
    return {
      serverId,
      intervalMs: intervalMs({ ...this.#options.plan, serverId }),
      events: outbox?.events ?? 0,
      acceptedLikes: outbox?.likes ?? 0n,
      knownTotalLikes: shown.find(({ name }) => name === serverId)?.totalLikes,
    };
  }

  /** LikesServers first, so that they can leave; then the primary. */
  async #stopAll(): Promise<void> {
    const servers = this.#children.filter(({ name }) => name !== PRIMARY);
    await Promise.all(servers.map((server) => server.stop()));
    await this.#children.find(({ name }) => name === PRIMARY)?.stop();
  }
}
