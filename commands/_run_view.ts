import { progressBar } from "../src/cli/progress.ts";
import type { Status } from "../src/core/primary/status.ts";
import { localClock } from "../src/text/local_time.ts";
import { monotonicMs } from "../src/monotonic.ts";
import type { Run, RunOptions } from "../src/demo/run.ts";
import { runBanner } from "../src/demo/run_banner.ts";
import { runLine, silenceLine } from "../src/demo/run_lines.ts";
import { runTable } from "../src/demo/run_table.ts";
import type { Silence } from "../src/demo/status_watch.ts";
import { LiveScreen } from "./_live_screen.ts";

/** Lines of the screen below the table: a blank one, the bar, and the cursor's. */
const LINES_BELOW = 3;

/** The view of a running `likes orchestrate`. Prints on stderr only. */
export class RunView {
  readonly #options: RunOptions;
  readonly #quiet: boolean;
  readonly #screen = new LiveScreen(process.stderr);
  /** The primary's newest answer, or its silence; undefined before the primary is ready. */
  #latest: Status | Silence | undefined;
  #startMs = 0;
  #endMs: number | undefined;

  constructor(options: RunOptions, quiet: boolean) {
    this.#options = options;
    this.#quiet = quiet;
  }

  begin(run: Run): void {
    this.#startMs = monotonicMs();
    const { plan, itemId, logDir, durationMs } = this.#options;
    const { processes, dataDir, emptiedLogs } = run;
    const { seed } = plan;
    const view = { processes, seed, itemId, logDir, dataDir, durationMs, emptiedLogs };
    this.#printMessage(runBanner(view));
  }

  status(status: Status, run: Run): void {
    this.#show(status, run, () => `${localClock(status.nowMs)} ${runLine(status, run.processes)}`);
  }

  /** The primary does not answer: the status shown is out of date. */
  silence(silence: Silence, run: Run): void {
    const nowMs = silence.status.nowMs + silence.silentMs;
    this.#show(silence, run, () => `${localClock(nowMs)} ${silenceLine(silence)}`);
  }

  /** A process has changed. */
  processes(run: Run): void {
    if (this.#isLive) this.#draw(run);
  }

  /** Prints a line that stays above the live view. */
  line(line: string, run: Run): void {
    if (!this.#isLive) return this.#printMessage(line);
    this.#screen.draw(line);
    this.#screen.done();
    this.#draw(run);
  }

  /** The generators are told to stop: the bar stands still. */
  stopping(): void {
    this.#endMs = monotonicMs();
  }

  /** Ends the view, and leaves the last one on the screen. */
  end(): void {
    if (this.#isLive && this.#latest !== undefined) this.#screen.done();
  }

  get #isLive(): boolean {
    return this.#screen.isLive && !this.#quiet;
  }

  #show(latest: Status | Silence, run: Run, line: () => string): void {
    this.#latest = latest;
    if (this.#isLive) this.#draw(run);
    else this.#printMessage(line());
  }

  #draw({ processes }: Run): void {
    if (this.#latest === undefined) return;
    const { columns, rows, hasColor: color } = this.#screen;
    const lines = rows - LINES_BELOW;
    const table = runTable({ processes, latest: this.#latest }, { columns, lines, color });
    this.#screen.draw(`${table}\n\n${this.#bar()}`);
  }

  #bar(): string {
    const elapsedMs = (this.#endMs ?? monotonicMs()) - this.#startMs;
    return progressBar(elapsedMs, this.#options.durationMs, this.#screen.columns);
  }

  #printMessage(text: string): void {
    if (!this.#quiet) process.stderr.write(`${text}\n`);
  }
}
