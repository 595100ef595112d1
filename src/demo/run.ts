/**
 * A whole run: forks one primary and its LikesServers, lets them give for a while, lets every
 * outbox drain, and judges. Nothing is left running.
 */
import { mkdtempSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as pause } from "node:timers/promises";
import { intervalMs } from "./generator.ts";
import type { Status } from "../core/primary/status.ts";
import type { LogFile } from "../log/log_file.ts";
import { monotonicMs } from "../monotonic.ts";
import type { OutboxTally } from "../store/outbox/outbox_reader.ts";
import type { ChildView } from "./child.ts";
import { expectedOf } from "./expected.ts";
import { Observer, readOutboxes } from "./observe.ts";
import { Processes } from "./processes.ts";
import type { Finished, ProcessesOptions, RunReady } from "./processes.ts";
import { runLine, silenceLine, stoppedText } from "./run_lines.ts";
import { takeRunLogs } from "./run_logs.ts";
import type { RunResult, ServerResult } from "./run_result.ts";
import { StatusWatch } from "./status_watch.ts";
import type { Silence } from "./status_watch.ts";
import { judge } from "./verdict.ts";
import type { Expected, Observation, Verdict } from "./verdict.ts";

/** Between two observations while the outboxes drain. */
const OBSERVE_PAUSE_MS = 50;
/** An outbox that cannot be read for so long while nothing else is outstanding stays unreadable. */
const UNDECIDED_AFTER_MS = 1_000;
/** LikesServers may take so long to say that they have stopped giving, however short the drain is. */
const FINISH_WAIT_MIN_MS = 3_000;

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
  /** All processes work, and begin to give. */
  readonly onReady: () => void;
  /** About once a second. */
  readonly onStatus: (status: Status) => void;
  /** In its place, as often, while the primary does not answer. */
  readonly onSilence: (silence: Silence) => void;
  /** One of the `processes` died, or is back. */
  readonly onProcesses: () => void;
  /** No more likes are asked for. */
  readonly onGivingEnded: () => void;
  /** What a person has to see. */
  readonly onLine: (line: string) => void;
}

/** What a drain is watched and judged by. */
interface Draining {
  readonly watch: StatusWatch;
  readonly expected: Expected;
  readonly finished: Finished;
}

interface Drained {
  readonly verdict: Verdict;
  readonly observation: Observation;
}

/** One run. */
export class Run {
  readonly dataDir: string;
  /** Logs that held lines of earlier roles, and were emptied. */
  readonly emptiedLogs: number;
  readonly #options: RunOptions;
  readonly #events: RunEvents;
  readonly #serverIds: readonly string[];
  readonly #log: LogFile;
  readonly #processes: Processes;
  /** Ends the giving before its time: the first Ctrl-C, or a child that was given up. */
  readonly #early = new AbortController();
  #givenUp = false;
  #isGiving = true;

  /** Takes the logs of all its processes and empties them. Throws LikesError `log_unusable`. */
  constructor(options: RunOptions, events: RunEvents) {
    const { servers, logDir } = options;
    this.#options = options;
    this.#events = events;
    this.#serverIds = Array.from({ length: servers }, (_, number) => `likes-server-${number}`);
    const { log, emptied } = takeRunLogs(logDir, this.#serverIds);
    this.#log = log;
    this.emptiedLogs = emptied;
    this.dataDir = options.dataDir ?? mkdtempSync(join(tmpdir(), "likes-"));
    this.#processes = new Processes(
      { ...options, serverIds: this.#serverIds, dataDir: this.dataDir },
      {
        log: (line) => this.#log.line(line),
        tell: (line) => this.#tell(line),
        onGivenUp: () => this.#giveUp(),
        onChange: () => this.#events.onProcesses(),
      },
    );
  }

  /** The processes as they are now, the primary first. */
  get processes(): readonly ChildView[] {
    return this.#processes.views;
  }

  /** Runs to the end. Throws LikesError when the processes could not be started. */
  async run(): Promise<RunResult> {
    const { plan, durationMs } = this.#options;
    this.#log.line(`run of ${durationMs} ms, seed ${plan.seed}, data in ${this.dataDir}`);
    if (this.emptiedLogs > 0) this.#log.line(`emptied ${this.emptiedLogs} logs of earlier roles`);
    try {
      const before = readOutboxes(this.dataDir, []).outboxes;
      const ready = await this.#processes.start();
      const result = await this.#measure(ready, before);
      await this.#processes.stop();
      return result;
    } catch (error) {
      this.kill();
      throw error;
    }
  }

  /** Ends the giving now; the run goes on to its verdict. */
  finish(): void {
    const what = this.#isGiving ? "the LikesServers stop giving likes" : "that is under way";
    this.#tell(`told to end: ${what}`);
    this.#tell("told once more, it ends at once, without a verdict");
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
  async #measure(ready: RunReady, before: readonly OutboxTally[]): Promise<RunResult> {
    const { durationMs, plan } = this.#options;
    const startMs = monotonicMs();
    this.#log.line("start: all are ready");
    this.#processes.add(startMs, durationMs);
    this.#events.onReady();
    const watch = this.#watch(ready.primary);
    await this.#givingEnds(startMs + durationMs);
    const ranMs = Math.min(monotonicMs() - startMs, durationMs);
    const finished = await this.#finishGiving(ranMs);
    const expected = expectedOf({ plan, serverIds: this.#serverIds, ranMs, before });
    const { verdict, observation } = await this.#drain(ready, { watch, expected, finished });
    await watch.stop();
    const lastLikeMs = finished.lastLikeMs ?? startMs + ranMs;
    return {
      verdict,
      durationMs: ranMs,
      convergedAfterMs: convergedMs(verdict, watch, lastLikeMs),
      givenUp: this.#givenUp,
      primaryRestarts: this.processes[0]?.restarts ?? 0,
      servers: this.#serverIds.map((serverId) => this.#serverResult(serverId, observation)),
    };
  }

  #watch(primary: string): StatusWatch {
    const watch = new StatusWatch(primary, {
      onStatus: (status) => {
        this.#log.line(runLine(status, this.processes));
        this.#events.onStatus(status);
      },
      onSilence: (silence) => {
        this.#log.line(silenceLine(silence));
        this.#events.onSilence(silence);
      },
      log: (line) => this.#log.line(line),
    });
    watch.start();
    return watch;
  }

  /** Waits until the time is up, by the clock that ticks are due by, or until it ends early. */
  async #givingEnds(endMs: number): Promise<void> {
    const { signal } = this.#early;
    for (;;) {
      const leftMs = endMs - monotonicMs();
      if (leftMs <= 0 || signal.aborted) break;
      // Aborted is over early, which is no error.
      await pause(leftMs, undefined, { signal }).catch(() => undefined);
    }
    this.#isGiving = false;
    this.#events.onGivingEnded();
    if (!signal.aborted) this.#tell("time is up: the LikesServers stop giving likes");
  }

  /** Waits until no LikesServer gives any more, and says what is still to be delivered. */
  async #finishGiving(ranMs: number): Promise<Finished> {
    const waitMs = Math.max(this.#options.drainTimeoutMs, FINISH_WAIT_MIN_MS);
    const finished = await this.#processes.finish(ranMs, waitMs);
    const { outboxes } = readOutboxes(this.dataDir, this.#serverIds);
    this.#tell(stoppedText(finished.unfinished, outboxes));
    return finished;
  }

  /** Observes until nothing more is to be expected, or until it takes too long. */
  async #drain(ready: RunReady, { watch, expected, finished }: Draining): Promise<Drained> {
    const observer = new Observer({
      ...ready,
      dataDir: this.dataDir,
      members: watch.members,
      unfinished: finished.unfinished,
      onStatus: (status) => watch.see(status),
    });
    const startMs = monotonicMs();
    // Whoever has not stopped giving had that time already.
    const waitMs = finished.unfinished.length > 0 ? 0 : this.#options.drainTimeoutMs;
    try {
      for (;;) {
        const observation = await observer.observe();
        const verdict = judge(observation, expected);
        const drainedMs = monotonicMs() - startMs;
        const stays = verdict.outcome === "undecided" && observation.everywhere;
        if (verdict.converged || (stays && drainedMs >= UNDECIDED_AFTER_MS)) {
          return { verdict, observation };
        }
        if (drainedMs >= waitMs) return { verdict, observation };
        await pause(OBSERVE_PAUSE_MS);
      }
    } finally {
      observer.close();
    }
  }

  #serverResult(serverId: string, { outboxes, shown }: Observation): ServerResult {
    const outbox = outboxes.find((tally) => tally.serverId === serverId);
    return {
      serverId,
      intervalMs: intervalMs({ ...this.#options.plan, serverId }),
      restarts: this.processes.find(({ name }) => name === serverId)?.restarts ?? 0,
      events: outbox?.events ?? 0,
      acceptedLikes: outbox?.likes ?? 0n,
      knownTotalLikes: shown.find(({ name }) => name === serverId)?.totalLikes,
    };
  }
}

/** From the last like to convergence, which the parent verified and the primary dated. */
function convergedMs(
  { converged, totalLikes, newEvents }: Verdict,
  watch: StatusWatch,
  lastLikeMs: number,
): number | undefined {
  if (!converged || totalLikes === undefined || newEvents === 0) return undefined;
  return Math.max(0, (watch.everywhereSince(totalLikes) ?? monotonicMs()) - lastLikeMs);
}
