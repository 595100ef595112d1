/**
 * One child process. It runs the command that a person would type. After a death it is restarted
 * with the same id, seed, data folder and port.
 *
 * Children run detached: Ctrl-C on the terminal reaches only the parent, which orders the shutdown.
 * A child ends by itself when its channel to the parent closes, for whatever reason.
 */
import { spawn } from "node:child_process";
import type { ChildProcess } from "node:child_process";
import { createInterface } from "node:readline";
import { LikesError } from "../errors.ts";
import { CHILD_STOP_WAIT_MAX_MS, CRASHES_IN_A_ROW_MAX, READY_WAIT_MAX_MS } from "../limits.ts";
import { monotonicMs } from "../monotonic.ts";
import type { ChildMessage, ParentMessage } from "./child_channel.ts";
import { RestartPolicy } from "./restart_policy.ts";

/** Disables the debugger from the start. Node 20 lacks the flag: keepIgnored() does it later. */
const NO_DEBUGGER = ["--disable-sigusr1"].filter((flag) => {
  return process.allowedNodeEnvironmentFlags.has(flag);
});

/** Options and callbacks of a child. */
export interface ChildOptions {
  /** Its name in log lines: `primary` or a server id. */
  readonly name: string;
  /** The program's entry, and the command with its flags except the port. */
  readonly entry: string;
  readonly args: readonly string[];
  readonly port: number;
  /** Returns the messages to send each time the child begins to listen. */
  readonly orders: () => readonly ParentMessage[];
  /** Writes a line to the parent's log. */
  readonly log: (line: string) => void;
  /** Shows a line to the user. */
  readonly announce: (line: string) => void;
  /** Called when the child will not be restarted again. */
  readonly onGivenUp: () => void;
  /** Called when its `view` has changed. */
  readonly onChange: () => void;
}

/** The program is loading; it listens; it is dead; it is dead and will not be restarted. */
export type ChildState = "starting" | "listening" | "away" | "given up";

/** A child as its parent sees it. */
export interface ChildView {
  readonly name: string;
  /** Where it listens or last listened: `host:port`; empty before the first time. */
  readonly address: string;
  /** Its process id; undefined while it has no process. */
  readonly pid: number | undefined;
  readonly state: ChildState;
  /** Number of restarts. */
  readonly restarts: number;
}

/** A first start in progress. */
interface Starting {
  readonly readyOn: ChildMessage["type"];
  readonly ready: () => void;
  readonly failed: (reason: string) => void;
}

/** A child that is restarted until it is stopped. */
export class Child {
  readonly #options: ChildOptions;
  readonly #policy = new RestartPolicy();
  #starting: Starting | undefined;
  #process: ChildProcess | undefined;
  #state: ChildState = "away";
  #restarts = 0;
  #forkedMs = 0;
  #port: number;
  #address = "";
  #lastError = "";
  #stopping = false;
  #restart: NodeJS.Timeout | undefined;
  #onFinished: (lastLikeMs: number | undefined) => void = () => {};

  constructor(options: ChildOptions) {
    this.#options = options;
    this.#port = options.port;
  }

  get name(): string {
    return this.#options.name;
  }

  get view(): ChildView {
    const pid = this.#process?.pid;
    const state = this.#state;
    return { name: this.name, address: this.#address, pid, state, restarts: this.#restarts };
  }

  /**
   * Starts the child and waits for its message `readyOn`. A child killed before then is restarted.
   * Throws LikesError `child_failed` when it exits before then, or takes over READY_WAIT_MAX_MS.
   */
  start(readyOn: ChildMessage["type"]): Promise<void> {
    return new Promise((resolve, reject) => {
      const late = setTimeout(() => {
        this.#starting?.failed(`it was not ready within ${READY_WAIT_MAX_MS / 1_000} s`);
      }, READY_WAIT_MAX_MS);
      const settled = (): void => {
        clearTimeout(late);
        this.#starting = undefined;
      };
      const ready = (): void => {
        settled();
        resolve();
      };
      const failed = (reason: string): void => {
        settled();
        this.#stopping = true;
        reject(new LikesError("child_failed", `Cannot start ${this.name}: ${reason}`));
      };
      this.#starting = { readyOn, ready, failed };
      this.#spawn();
    });
  }

  /** Sends a message if the child listens. Otherwise `orders` must repeat it later. */
  send(message: ParentMessage): void {
    if (this.#state === "listening" && this.#process?.connected) this.#process.send(message);
  }

  /**
   * Waits for the message `finished`, from this process or a restarted one. So `orders` must ask
   * for it too. Returns the time of the last like; undefined without one, or after a stop.
   */
  finished(): Promise<number | undefined> {
    if (this.#stopping) return Promise.resolve(undefined);
    return new Promise((resolve) => (this.#onFinished = resolve));
  }

  /** Stops the child for good: by SIGTERM, and by SIGKILL after CHILD_STOP_WAIT_MAX_MS. */
  async stop(): Promise<void> {
    this.#disableRestarts();
    const child = this.#process;
    if (child === undefined) return;
    const ended = new Promise((resolve) => child.once("close", resolve));
    const late = setTimeout(() => this.kill(), CHILD_STOP_WAIT_MAX_MS);
    child.kill("SIGTERM");
    await ended;
    clearTimeout(late);
  }

  /** Kills the child for good. */
  kill(): void {
    this.#disableRestarts();
    this.#process?.kill("SIGKILL");
  }

  #disableRestarts(): void {
    this.#stopping = true;
    clearTimeout(this.#restart);
    this.#onFinished(undefined);
    this.#starting?.failed("it was stopped");
  }

  #spawn(): void {
    const { entry, args, log } = this.#options;
    const command = [entry, ...args, "--port", String(this.#port), "--supervised"];
    const child = spawn(process.execPath, [...process.execArgv, ...NO_DEBUGGER, ...command], {
      detached: true,
      stdio: ["ignore", "ignore", "pipe", "ipc"],
    });
    this.#process = child;
    this.#forkedMs = monotonicMs();
    this.#lastError = "";
    this.#setState("starting");
    log(`forked ${this.name}: process ${child.pid ?? "none"}`);
    child.on("message", (message: ChildMessage) => this.#receive(message));
    child.on("error", (error) => {
      log(`${this.name}: ${error.message}`);
      if (child.pid === undefined) this.#onDeath(child, { code: null, signal: null });
    });
    // Not "exit": only at "close" have the last lines of stderr been read.
    child.on("close", (code, signal) => this.#onDeath(child, { code, signal }));
    if (child.stderr === null) return;
    createInterface({ input: child.stderr }).on("line", (line) => {
      this.#lastError = line;
      log(`${this.name}: ${line}`);
    });
  }

  #receive(message: ChildMessage): void {
    if (message.type === "listening") this.#onListening(message.address);
    if (message.type === "finished") this.#onFinished(message.lastLikeMs);
    if (message.type === this.#starting?.readyOn) this.#starting.ready();
  }

  #onListening(address: string): void {
    const { log, announce, orders } = this.#options;
    this.#address = address;
    this.#port = Number(address.slice(address.lastIndexOf(":") + 1));
    this.#setState("listening");
    log(`${this.name} listens on ${address}`);
    const { pid, restarts } = this.view;
    if (restarts > 0) announce(`${this.name} is back: pid ${pid}, ${restartsText(restarts)}`);
    for (const message of orders()) this.send(message);
  }

  #setState(state: ChildState): void {
    this.#state = state;
    this.#options.onChange();
  }

  #onDeath(child: ChildProcess, { code, signal }: Death): void {
    if (this.#process !== child) return;
    this.#process = undefined;
    if (!this.#stopping) this.#setState("away");
    const how = signal ?? (code === null ? "it could not be forked" : `code ${code}`);
    this.#options.log(`${this.name} ended: ${how}`);
    if (this.#stopping) return;
    if (this.#starting !== undefined && signal === null) {
      // It exited before it was ever ready, and would again. Its stderr says why.
      this.#starting.failed(this.#lastError.replace(/^Error: /, "") || how);
      return;
    }
    this.#restartLater(how);
  }

  #restartLater(how: string): void {
    const { announce, onGivenUp } = this.#options;
    const waitMs = this.#policy.died(monotonicMs() - this.#forkedMs);
    if (waitMs !== undefined) {
      announce(`${this.name} died (${how}): restarting it in ${waitMs} ms`);
      this.#restart = setTimeout(() => {
        this.#restarts++;
        this.#spawn();
      }, waitMs);
      return;
    }
    const times = `${CRASHES_IN_A_ROW_MAX} times in a row`;
    announce(`${this.name} died (${how}) ${times}: it is not restarted again`);
    this.#disableRestarts();
    this.#setState("given up");
    onGivenUp();
  }
}

/** Returns `restarted once`, or `restarted 3 times`. */
export function restartsText(restarts: number): string {
  return `restarted ${restarts === 1 ? "once" : `${restarts} times`}`;
}

/** How a process ended: with an exit code or by a signal; neither when it never ran. */
interface Death {
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
}
