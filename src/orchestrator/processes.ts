/** The processes of a run: one primary and its LikesServers, as a person would start them. */
import type { GeneratorPlan } from "../core/generator.ts";
import { monotonicMs } from "../monotonic.ts";
import { Child } from "./child.ts";
import type { ParentMessage } from "./child_channel.ts";
import { PRIMARY } from "./verdict.ts";

/** Until the generators have said that they are finished. */
const FINISH_WAIT_MAX_MS = 3_000;

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
}

/** Where processes that all work listen. */
export interface RunReady {
  readonly primary: string;
  readonly servers: readonly { readonly serverId: string; readonly address: string }[];
}

/** One primary and its LikesServers, kept alive until they are stopped. */
export class Processes {
  readonly #options: ProcessesOptions;
  readonly #events: ProcessesEvents;
  readonly #primary: Child;
  #servers: readonly Child[] = [];
  /** What a LikesServer that is started again is told; nothing when no more is to be given. */
  #greeting: ParentMessage | undefined;

  constructor(options: ProcessesOptions, events: ProcessesEvents) {
    this.#options = options;
    this.#events = events;
    this.#primary = this.#child(PRIMARY, ["start-primary"], options.port);
  }

  /** Starts all of them. Throws LikesError `child_failed`; some may run then. */
  async start(): Promise<RunReady> {
    await this.#primary.start("listening");
    const { address } = this.#primary;
    this.#servers = this.#options.serverIds.map((serverId) =>
      this.#child(serverId, this.#serverArgs(serverId, address), 0),
    );
    await Promise.all(this.#servers.map((server) => server.start("accepting")));
    const servers = this.#servers.map(({ name, address }) => ({ serverId: name, address }));
    return { primary: address, servers };
  }

  /** Lets the LikesServers give from `startMs` for `durationMs`, restarted ones too. */
  give(startMs: number, durationMs: number): void {
    this.#greeting = { type: "start", startMs, durationMs };
    for (const server of this.#servers) server.send(this.#greeting);
  }

  /** Ends the giving, that of restarted ones too. Gives the time of the last like. */
  async finish(): Promise<number> {
    this.#greeting = undefined;
    const finishing = this.#servers.map((server) => server.finish(FINISH_WAIT_MAX_MS));
    const known = (await Promise.all(finishing)).filter((time) => time !== undefined);
    return known.length === 0 ? monotonicMs() : Math.max(...known);
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
      greeting: () => (name === PRIMARY ? undefined : this.#greeting),
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
