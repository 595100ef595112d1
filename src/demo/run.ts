/**
 * One run of the demonstration. Forks one primary and its LikesServers, adds likes for a while,
 * lets every outbox drain, and judges. Leaves no process running.
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

/** Pause between observations while the outboxes drain. */
const OBSERVE_PAUSE_MS = 50;
/** An outbox still unreadable after this, with nothing else outstanding, leaves a run undecided. */
const UNDECIDED_AFTER_MS = 1_000;
/** The LikesServers have at least this long to stop, however short the drain timeout is. */
const FINISH_WAIT_MIN_MS = 3_000;

const STOPPING_TEXT = "the LikesServers stop adding likes";

/** Options of a run. */
export interface RunOptions extends Omit<ProcessesOptions, "serverIds" | "dataDir"> {
  /** Number of LikesServers. */
  readonly servers: number;
  readonly durationMs: number;
  readonly drainTimeoutMs: number;
  /** Folder of the state; a fresh temporary folder when absent. */
  readonly dataDir: string | undefined;
}

/** Callbacks that show a run to the user. */
export interface RunEvents {
  /** All processes are ready, and the generators start. */
  readonly onReady: () => void;
  /** About once a second. */
  readonly onStatus: (status: Status) => void;
  /** Replaces onStatus while the primary does not answer. */
  readonly onSilence: (silence: Silence) => void;
  /** One of the `processes` has changed. */
  readonly onProcesses: () => void;
  /** The generators are told to stop. */
  readonly onStopping: () => void;
  /** A line that the user must see. */
  readonly onLine: (line: string) => void;
}

/** What a drain is watched and judged with. */
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
  /** Number of logs that had lines of earlier roles and were emptied. */
  readonly emptiedLogs: number;
  readonly #options: RunOptions;
  readonly #events: RunEvents;
  readonly #serverIds: readonly string[];
  readonly #log: LogFile;
  readonly #processes: Processes;
  /** Stops the generators early: aborted by the first Ctrl-C, or when a child is given up. */
  readonly #early = new AbortController();
  #givenUp = false;
  #isGenerating = true;

  /** Opens and empties the logs of all its processes. Throws LikesError `log_unusable`. */
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
        announce: (line) => this.#announce(line),
        onGivenUp: () => this.#giveUp(),
        onChange: () => this.#events.onProcesses(),
      },
    );
  }

  /** The current processes, the primary first. */
  get processes(): readonly ChildView[] {
    return this.#processes.views;
  }

  /** Runs to the verdict. Throws LikesError when a process cannot be started. */
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

  /** Stops the generators now. The run continues to its verdict. */
  finish(): void {
    const state = this.#isGenerating ? STOPPING_TEXT : "the run is ending already";
    this.#announce(`stop requested: ${state}`);
    this.#announce("a second Ctrl-C ends the run at once, without a verdict");
    this.#early.abort();
  }

  /** Kills all processes. */
  kill(): void {
    this.#processes.kill();
  }

  /** Writes a line to the parent's log. */
  log(line: string): void {
    this.#log.line(line);
  }

  #announce(line: string): void {
    this.#log.line(line);
    this.#events.onLine(line);
  }

  #giveUp(): void {
    this.#givenUp = true;
    this.#early.abort();
  }

  /** Starts the generators, waits for their end, lets every outbox drain, and judges. */
  async #measure(ready: RunReady, before: readonly OutboxTally[]): Promise<RunResult> {
    const { durationMs, plan } = this.#options;
    const startMs = monotonicMs();
    this.#log.line("start: all processes are ready");
    this.#processes.generate(startMs, durationMs);
    this.#events.onReady();
    const watch = this.#watch(ready.primary);
    await this.#waitUntil(startMs + durationMs);
    const ranMs = Math.min(monotonicMs() - startMs, durationMs);
    const finished = await this.#stopGenerators(ranMs);
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

  /** Waits until `endMs`, on the clock of the generators' ticks, or until the run ends early. */
  async #waitUntil(endMs: number): Promise<void> {
    const { signal } = this.#early;
    for (;;) {
      const leftMs = endMs - monotonicMs();
      if (leftMs <= 0 || signal.aborted) break;
      // The pause rejects when the run ends early, which is not an error.
      await pause(leftMs, undefined, { signal }).catch(() => undefined);
    }
    this.#isGenerating = false;
    this.#events.onStopping();
    if (!signal.aborted) this.#announce(`time is up: ${STOPPING_TEXT}`);
  }

  /** Waits until the generators have stopped, and announces what is still to be delivered. */
  async #stopGenerators(ranMs: number): Promise<Finished> {
    const waitMs = Math.max(this.#options.drainTimeoutMs, FINISH_WAIT_MIN_MS);
    const finished = await this.#processes.finish(ranMs, waitMs);
    const { outboxes } = readOutboxes(this.dataDir, this.#serverIds);
    this.#announce(stoppedText(finished.unfinished, outboxes));
    return finished;
  }

  /** Observes until the verdict can no longer change, or until the drain takes too long. */
  async #drain(ready: RunReady, { watch, expected, finished }: Draining): Promise<Drained> {
    const observer = new Observer({
      ...ready,
      dataDir: this.dataDir,
      members: watch.members,
      unfinished: finished.unfinished,
      onStatus: (status) => watch.receive(status),
    });
    const startMs = monotonicMs();
    // The run has already waited this long for an unfinished LikesServer.
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

/**
 * Returns the milliseconds from the last like to convergence. The parent verified it, and the
 * primary's status dates it.
 */
function convergedMs(
  { converged, totalLikes, newEvents }: Verdict,
  watch: StatusWatch,
  lastLikeMs: number,
): number | undefined {
  if (!converged || totalLikes === undefined || newEvents === 0) return undefined;
  return Math.max(0, (watch.everywhereSince(totalLikes) ?? monotonicMs()) - lastLikeMs);
}
