/**
 * A whole run: forks one primary and its LikesServers, lets them give for a while, lets every
 * outbox drain, and judges. Nothing is left running.
 */
// tidy: no test because the integration tests of orchestrate run it
import { mkdtempSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as pause } from "node:timers/promises";
import { intervalMs, likesBetween } from "../core/generator.ts";
import type { Status } from "../core/status.ts";
import { PARENT_LOG_NAME, PRIMARY_LOG_NAME } from "../log/log_file.ts";
import { likesServerLogName, openLogFile } from "../log/log_file.ts";
import type { LogFile } from "../log/log_file.ts";
import { monotonicMs } from "../monotonic.ts";
import { Observer, readOutboxes } from "./observe.ts";
import { Processes } from "./processes.ts";
import type { ProcessesOptions, RunReady } from "./processes.ts";
import { StatusWatch } from "./status_watch.ts";
import { judge } from "./verdict.ts";
import type { Observation, SeedLikes, Verdict } from "./verdict.ts";

/** Between two observations while the outboxes drain. */
const OBSERVE_PAUSE_MS = 50;
/** An outbox that cannot be read for so long while nothing else is outstanding stays unreadable. */
const UNDECIDED_AFTER_MS = 1_000;

/** What is to be run. */
export interface RunOptions extends Omit<ProcessesOptions, "serverIds" | "dataDir"> {
  /** How many LikesServers. */
  readonly servers: number;
  readonly durationMs: number;
  readonly drainTimeoutMs: number;
  /** Folder of the state; a fresh one among the temporary files when absent. */
  readonly dataDir: string | undefined;
}

/** What a person may want to see of a run. */
export interface RunEvents {
  readonly onReady: (ready: RunReady) => void;
  /** About once a second. */
  readonly onStatus: (status: Status) => void;
  /** The primary does not answer, and why. */
  readonly onAway: (reason: string) => void;
  /** What became of a process. */
  readonly onLine: (line: string) => void;
}

/** How a run ended. */
export interface RunResult {
  readonly verdict: Verdict;
  /** From the start to the end of the giving. */
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
  readonly dataDir: string;
  readonly #options: RunOptions;
  readonly #events: RunEvents;
  readonly #serverIds: readonly string[];
  readonly #log: LogFile;
  readonly #processes: Processes;
  /** Ends the giving before its time: the first Ctrl-C, or a child that was given up. */
  readonly #early = new AbortController();
  #givenUp = false;
  /** Sums from the seed so far, by server: an observation computes what is new. */
  readonly #seedSums = new Map<string, { readonly events: number; readonly likes: bigint }>();

  /** Takes the logs of all its processes and empties them. Throws LikesError `log_unusable`. */
  constructor(options: RunOptions, events: RunEvents) {
    const { servers, logDir } = options;
    this.#options = options;
    this.#events = events;
    this.#serverIds = Array.from({ length: servers }, (_, number) => `likes-server-${number}`);
    this.#log = takeLogs(logDir, this.#serverIds);
    this.dataDir = options.dataDir ?? mkdtempSync(join(tmpdir(), "likes-"));
    this.#processes = new Processes(
      { ...options, serverIds: this.#serverIds, dataDir: this.dataDir },
      {
        log: (line) => this.#log.line(line),
        tell: (line) => this.#tell(line),
        onGivenUp: () => this.#giveUp(),
      },
    );
  }

  /** Runs to the end. Throws LikesError when the processes could not be started. */
  async run(): Promise<RunResult> {
    const { plan, durationMs } = this.#options;
    this.#log.line(`run of ${durationMs} ms, seed ${plan.seed}, data in ${this.dataDir}`);
    try {
      const isFresh = readOutboxes(this.dataDir, []).outboxes.length === 0;
      const ready = await this.#processes.start();
      const result = await this.#measure(ready, isFresh);
      await this.#processes.stop();
      return result;
    } catch (error) {
      this.kill();
      throw error;
    }
  }

  /** Ends the giving now; the run goes on to its verdict. */
  finish(): void {
    this.#log.line("told to end: no more likes are given");
    this.#early.abort();
  }

  /** Ends every process at once. */
  kill(): void {
    this.#processes.kill();
  }

  /** A line for the parent's log. */
  log(line: string): void {
    this.#log.line(line);
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
  async #measure(ready: RunReady, isFresh: boolean): Promise<RunResult> {
    const { durationMs } = this.#options;
    const startMs = monotonicMs();
    this.#log.line("start: all are ready");
    this.#processes.give(startMs, durationMs);
    this.#events.onReady(ready);
    const watch = new StatusWatch(ready.primary, {
      onStatus: (status) => this.#events.onStatus(status),
      onAway: (reason) => this.#events.onAway(reason),
      log: (line) => this.#log.line(line),
    });
    watch.start();
    // Aborted is over early, which is no error.
    await pause(durationMs, undefined, { signal: this.#early.signal }).catch(() => undefined);
    const lastLikeMs = await this.#processes.finish();
    const ranMs = monotonicMs() - startMs;
    this.#tell("no more likes are given; the outboxes drain");
    const { verdict, observation } = await this.#drain(ready, watch, isFresh);
    await watch.stop();
    return {
      verdict,
      durationMs: ranMs,
      convergedAfterMs: convergedMs(verdict, watch, lastLikeMs),
      givenUp: this.#givenUp,
      servers: this.#serverIds.map((serverId) => this.#serverResult(serverId, observation)),
    };
  }

  /** Observes until nothing more is to be expected, or until it takes too long. */
  async #drain(
    ready: RunReady,
    watch: StatusWatch,
    isFresh: boolean,
  ): Promise<{ verdict: Verdict; observation: Observation }> {
    const observer = new Observer({
      ...ready,
      dataDir: this.dataDir,
      members: watch.members,
      onStatus: (status) => watch.see(status),
    });
    const startMs = monotonicMs();
    try {
      for (;;) {
        const observation = await observer.observe();
        const verdict = judge(observation, isFresh ? this.#ofSeed : undefined);
        const drainedMs = monotonicMs() - startMs;
        const stays = verdict.outcome === "undecided" && observation.everywhere;
        if (verdict.converged || (stays && drainedMs >= UNDECIDED_AFTER_MS)) {
          return { verdict, observation };
        }
        if (drainedMs >= this.#options.drainTimeoutMs) return { verdict, observation };
        await pause(OBSERVE_PAUSE_MS);
      }
    } finally {
      observer.close();
    }
  }

  readonly #ofSeed: SeedLikes = (serverId, events) => {
    if (!this.#serverIds.includes(serverId)) return undefined;
    const known = this.#seedSums.get(serverId) ?? { events: 0, likes: 0n };
    const plan = { ...this.#options.plan, serverId };
    const likes = known.likes + likesBetween(plan, known.events, events);
    this.#seedSums.set(serverId, { events, likes });
    return likes;
  };

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
}

/** Takes all logs before it empties the first: of one that another run holds, none is emptied. */
function takeLogs(logDir: string, serverIds: readonly string[]): LogFile {
  const own = openLogFile(logDir, PARENT_LOG_NAME);
  const names = [PRIMARY_LOG_NAME, ...serverIds.map(likesServerLogName)];
  const others = names.map((name) => openLogFile(logDir, name));
  for (const log of [own, ...others]) log.truncate();
  for (const log of others) log.close();
  return own;
}

/** From the last like to convergence, which the parent verified and the primary dated. */
function convergedMs(
  { converged, totalLikes }: Verdict,
  watch: StatusWatch,
  lastLikeMs: number,
): number | undefined {
  if (!converged || totalLikes === undefined) return undefined;
  return Math.max(0, (watch.everywhereSince(totalLikes) ?? monotonicMs()) - lastLikeMs);
}
