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

/** What a person sees of `likes orchestrate` while it runs, all of it on stderr. */
export class RunView {
  readonly #options: RunOptions;
  readonly #quiet: boolean;
  readonly #screen = new LiveScreen(process.stderr);
  /** What the primary said last, or that it does not answer; undefined before it is ready. */
  #heard: Status | Silence | undefined;
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
    this.#hear(status, run, () => `${localClock(status.nowMs)} ${runLine(status, run.processes)}`);
  }

  /** The primary does not answer: what was shown is not true any more. */
  silence(silence: Silence, run: Run): void {
    const nowMs = silence.status.nowMs + silence.silentMs;
    this.#hear(silence, run, () => `${localClock(nowMs)} ${silenceLine(silence)}`);
  }

  /** A process died, or is back. */
  processes(run: Run): void {
    if (this.#isLive) this.#draw(run);
  }

  /** A line that stays, above what is drawn again and again. */
  line(line: string, run: Run): void {
    if (!this.#isLive) return this.#printMessage(line);
    this.#screen.draw(line);
    this.#screen.done();
    this.#draw(run);
  }

  /** The giving has ended: the bar stands. */
  givingEnded(): void {
    this.#endMs = monotonicMs();
  }

  /** Leaves what is drawn on the screen. */
  end(): void {
    if (this.#isLive && this.#heard !== undefined) this.#screen.done();
  }

  get #isLive(): boolean {
    return this.#screen.isLive && !this.#quiet;
  }

  #hear(heard: Status | Silence, run: Run, line: () => string): void {
    this.#heard = heard;
    if (this.#isLive) this.#draw(run);
    else this.#printMessage(line());
  }

  #draw({ processes }: Run): void {
    if (this.#heard === undefined) return;
    const { columns, rows, hasColor: color } = this.#screen;
    const lines = rows - LINES_BELOW;
    const table = runTable({ processes, heard: this.#heard }, { columns, lines, color });
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
