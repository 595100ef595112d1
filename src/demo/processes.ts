/** The processes of a run: one primary and its LikesServers, started as a person would. */
import { setTimeout as pause } from "node:timers/promises";
import type { GeneratorPlan } from "./generator.ts";
import { Child } from "./child.ts";
import type { ChildView } from "./child.ts";
import type { ParentMessage } from "./child_channel.ts";
import { PRIMARY } from "./verdict.ts";

/** What to start. */
export interface ProcessesOptions {
  readonly serverIds: readonly string[];
  readonly plan: Omit<GeneratorPlan, "serverId">;
  readonly itemId: string;
  /** Port of the primary; 0 means any free one. */
  readonly port: number;
  readonly logDir: string;
  readonly dataDir: string;
  /** The program's entry point, which the children run. */
  readonly entry: string;
}

/** Callbacks of the processes. */
export interface ProcessesEvents {
  /** Writes a line to the parent's log. */
  readonly log: (line: string) => void;
  /** Shows a line to the user, and writes it to the parent's log. */
  readonly announce: (line: string) => void;
  /** Called when a child will not be restarted again. */
  readonly onGivenUp: () => void;
  /** Called when one of the `views` has changed. */
  readonly onChange: () => void;
}

/** The addresses of the processes, once all are ready. */
export interface RunReady {
  readonly primary: string;
  readonly servers: readonly { readonly serverId: string; readonly address: string }[];
}

/** How the generators ended. */
export interface Finished {
  /** Time of the last like on the machine's monotonic clock; undefined when there was none. */
  readonly lastLikeMs: number | undefined;
  /** LikesServers that did not confirm that they stopped: they may still add likes. */
  readonly unfinished: readonly string[];
}

/** One primary and its LikesServers, restarted until they are stopped. */
export class Processes {
  readonly #options: ProcessesOptions;
  readonly #events: ProcessesEvents;
  readonly #primary: Child;
  #servers: readonly Child[] = [];
  /** What each LikesServer is told whenever it begins to listen. */
  #orders: readonly ParentMessage[] = [];
  #startMs = 0;

  constructor(options: ProcessesOptions, events: ProcessesEvents) {
    this.#options = options;
    this.#events = events;
    this.#primary = this.#child(PRIMARY, ["start-primary"], options.port);
  }

  /** Starts all processes. Throws LikesError `child_failed`; some may be running then. */
  async start(): Promise<RunReady> {
    await this.#primary.start("listening");
    const { address } = this.#primary.view;
    this.#servers = this.#options.serverIds.map((serverId) =>
      this.#child(serverId, this.#serverArgs(serverId, address), 0),
    );
    await Promise.all(this.#servers.map((server) => server.start("accepting")));
    const servers = this.#servers.map(({ view: { name, address } }) => {
      return { serverId: name, address };
    });
    return { primary: address, servers };
  }

  /** All processes, the primary first. */
  get views(): readonly ChildView[] {
    return [this.#primary, ...this.#servers].map(({ view }) => view);
  }

  /** Starts the generators, including restarted ones: from `startMs` for `durationMs`. */
  generate(startMs: number, durationMs: number): void {
    this.#startMs = startMs;
    this.#orders = [{ type: "start", startMs, durationMs }];
    for (const server of this.#servers) server.send({ type: "start", startMs, durationMs });
  }

  /**
   * Stops the generators `durationMs` after their start. Waits at most `waitMs` for the
   * LikesServers to confirm it. A dead one confirms it after its restart.
   */
  async finish(durationMs: number, waitMs: number): Promise<Finished> {
    const finish = { type: "finish", durationMs } as const;
    this.#orders = [{ type: "start", startMs: this.#startMs, durationMs }, finish];
    const unfinished = new Set(this.#servers);
    const times: number[] = [];
    const all = this.#servers.map(async (server) => {
      const finished = server.finished();
      server.send(finish);
      times.push((await finished) ?? -Infinity);
      unfinished.delete(server);
    });
    const late = new AbortController();
    // The pause rejects when it is aborted: all have confirmed in time.
    const timeout = pause(waitMs, undefined, { signal: late.signal }).catch(() => undefined);
    await Promise.race([Promise.all(all), timeout]);
    late.abort();
    const lastLikeMs = Math.max(...times);
    return {
      lastLikeMs: lastLikeMs === -Infinity ? undefined : lastLikeMs,
      unfinished: [...unfinished].map(({ name }) => name),
    };
  }

  /** Stops all processes: the LikesServers first, because they need the primary to leave. */
  async stop(): Promise<void> {
    await Promise.all(this.#servers.map((server) => server.stop()));
    await this.#primary.stop();
  }

  /** Kills all processes. */
  kill(): void {
    for (const child of [this.#primary, ...this.#servers]) child.kill();
  }

  #child(name: string, args: readonly string[], port: number): Child {
    const { entry, dataDir, logDir } = this.#options;
    return new Child({
      name,
      entry,
      port,
      args: [...args, "--data-dir", dataDir, "--log-dir", logDir],
      orders: () => (name === PRIMARY ? [] : this.#orders),
      ...this.#events,
    });
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
      persons: plan.persons,
      item: itemId,
    };
    const args = Object.entries(flags).map(([name, value]) => `--${name}=${value}`);
    return ["start-likes", "--generate", ...args];
  }
}
