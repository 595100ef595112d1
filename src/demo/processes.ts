/** The processes of a run: one primary and its LikesServers, as a person would start them. */
import { setTimeout as pause } from "node:timers/promises";
import type { GeneratorPlan } from "./generator.ts";
import { Child } from "./child.ts";
import type { ChildView } from "./child.ts";
import type { ParentMessage } from "./child_channel.ts";
import { PRIMARY } from "./verdict.ts";

/** What is to be started. */
export interface ProcessesOptions {
  readonly serverIds: readonly string[];
  readonly plan: Omit<GeneratorPlan, "serverId">;
  readonly itemId: string;
  /** Port of the primary; 0 means any free one. */
  readonly port: number;
  readonly logDir: string;
  readonly dataDir: string;
  /** The program's entry, which the children run. */
  readonly entry: string;
}

/** Who hears of what becomes of them. */
export interface ProcessesEvents {
  /** A line for the parent's log. */
  readonly log: (line: string) => void;
  /** A line that a person has to see, and for the parent's log. */
  readonly tell: (line: string) => void;
  readonly onGivenUp: () => void;
  /** One of the `views` is another one now. */
  readonly onChange: () => void;
}

/** Where processes that all work listen. */
export interface RunReady {
  readonly primary: string;
  readonly servers: readonly { readonly serverId: string; readonly address: string }[];
}

/** How the giving ended. */
export interface Finished {
  /** When the last like was, by the machine's monotonic clock; undefined when there was none. */
  readonly lastLikeMs: number | undefined;
  /** LikesServers that have not said that they give no more: they may give another like. */
  readonly unfinished: readonly string[];
}

/** One primary and its LikesServers, kept alive until they are stopped. */
export class Processes {
  readonly #options: ProcessesOptions;
  readonly #events: ProcessesEvents;
  readonly #primary: Child;
  #servers: readonly Child[] = [];
  /** What a LikesServer is told, also when it is started again. */
  #orders: readonly ParentMessage[] = [];
  #startMs = 0;

  constructor(options: ProcessesOptions, events: ProcessesEvents) {
    this.#options = options;
    this.#events = events;
    this.#primary = this.#child(PRIMARY, ["start-primary"], options.port);
  }

  /** Starts all of them. Throws LikesError `child_failed`; some may run then. */
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

  /** All of them: the primary first. */
  get views(): readonly ChildView[] {
    return [this.#primary, ...this.#servers].map(({ view }) => view);
  }

  /** Lets the LikesServers give from `startMs` for `durationMs`, restarted ones too. */
  add(startMs: number, durationMs: number): void {
    this.#startMs = startMs;
    this.#orders = [{ type: "start", startMs, durationMs }];
    for (const server of this.#servers) server.send({ type: "start", startMs, durationMs });
  }

  /**
   * Ends the giving `durationMs` after its start, and waits until each LikesServer has said so, for
   * `waitMs` at most. One that is away just then says it in its next life.
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
    // Aborted is finished in time, which is no error.
    const patience = pause(waitMs, undefined, { signal: late.signal }).catch(() => undefined);
    await Promise.race([Promise.all(all), patience]);
    late.abort();
    const lastLikeMs = Math.max(...times);
    return {
      lastLikeMs: lastLikeMs === -Infinity ? undefined : lastLikeMs,
      unfinished: [...unfinished].map(({ name }) => name),
    };
  }

  /** Stops all of them: LikesServers first, so that they can leave, then the primary. */
  async stop(): Promise<void> {
    await Promise.all(this.#servers.map((server) => server.stop()));
    await this.#primary.stop();
  }

  /** Ends all of them at once. */
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
      handshake: () => (name === PRIMARY ? [] : this.#orders),
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
      item: itemId,
    };
    const given = Object.entries(flags).map(([name, value]) => `--${name}=${value}`);
    return ["start-likes", "--generate", ...given];
  }
}
