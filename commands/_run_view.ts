import { progressBar } from "../src/cli/progress.ts";
import { statusLine } from "../src/cli/status_text.ts";
import type { Status } from "../src/core/status.ts";
import type { RunReady } from "../src/orchestrator/processes.ts";
import type { RunOptions } from "../src/orchestrator/run.ts";
import { runBanner } from "../src/orchestrator/run_banner.ts";
import { LiveScreen } from "./_live_screen.ts";

/** What a person sees of `likes orchestrate` while it runs, all of it on stderr. */
export class RunView {
  readonly #options: RunOptions;
  readonly #quiet: boolean;
  readonly #screen = new LiveScreen(process.stderr);
  #drawn = "";

  constructor(options: RunOptions, quiet: boolean) {
    this.#options = options;
    this.#quiet = quiet;
  }

  begin(ready: RunReady, dataDir: string): void {
    const { plan, itemId, logDir, durationMs } = this.#options;
    this.#talk(runBanner({ ...ready, seed: plan.seed, itemId, logDir, dataDir, durationMs }));
  }

  status(status: Status, elapsedMs: number): void {
    if (this.#quiet) return;
    if (!this.#screen.isLive) return this.#talk(statusLine(status));
    const { durationMs } = this.#options;
    const bar = progressBar(elapsedMs, durationMs, this.#screen.columns);
    this.#drawn = `${this.#screen.statusText(status)}\n\n${bar}`;
    this.#screen.draw(this.#drawn);
  }

  /** A line that stays, above what is drawn again and again. */
  line(line: string): void {
    if (this.#drawn === "") return this.#talk(line);
    this.#screen.draw(line);
    this.#screen.done();
    this.#screen.draw(this.#drawn);
  }

  /** Leaves what is drawn on the screen. */
  end(): void {
    if (this.#drawn !== "") this.#screen.done();
  }

  #talk(text: string): void {
    if (!this.#quiet) process.stderr.write(`${text}\n`);
  }
}
