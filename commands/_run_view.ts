import { progressBar } from "../src/cli/progress.ts";
import { statusLine } from "../src/cli/status_text.ts";
import type { Status } from "../src/core/status.ts";
import { monotonicMs } from "../src/monotonic.ts";
import type { RunReady } from "../src/orchestrator/processes.ts";
import type { RunOptions } from "../src/orchestrator/run.ts";
import { runBanner } from "../src/orchestrator/run_banner.ts";
import { SHOW_INTERVAL_MS } from "../src/orchestrator/status_watch.ts";
import { LiveScreen } from "./_live_screen.ts";
import { LiveStatus } from "./_live_status.ts";

/** What a person sees of `likes orchestrate` while it runs, all of it on stderr. */
export class RunView {
  readonly #options: RunOptions;
  readonly #quiet: boolean;
  readonly #screen = new LiveScreen(process.stderr);
  readonly #live: LiveStatus | undefined;
  #startMs = 0;

  constructor(options: RunOptions, quiet: boolean) {
    this.#options = options;
    this.#quiet = quiet;
    if (quiet || !this.#screen.isLive) return;
    this.#live = new LiveStatus(this.#screen, SHOW_INTERVAL_MS, () => `\n\n${this.#bar()}`);
  }

  begin(ready: RunReady, dataDir: string): void {
    this.#startMs = monotonicMs();
    const { plan, itemId, logDir, durationMs } = this.#options;
    this.#talk(runBanner({ ...ready, seed: plan.seed, itemId, logDir, dataDir, durationMs }));
  }

  status(status: Status): void {
    if (this.#live === undefined) this.#talk(statusLine(status));
    else this.#live.heard(status);
  }

  /** The primary does not answer. The log has it too. */
  away(reason: string): void {
    this.#live?.away(reason);
  }

  line(line: string): void {
    if (this.#live === undefined) this.#talk(line);
    else this.#live.line(line);
  }

  /** Leaves what is drawn on the screen. */
  end(): void {
    this.#live?.end();
  }

  #bar(): string {
    const elapsedMs = monotonicMs() - this.#startMs;
    return progressBar(elapsedMs, this.#options.durationMs, this.#screen.columns);
  }

  #talk(text: string): void {
    if (!this.#quiet) process.stderr.write(`${text}\n`);
  }
}
