/**
 * One child process: a role started by the very command that a person types, and started again when
 * it dies, with its id, seed, data folder and the port it had.
 *
 * Children run detached, so that Ctrl-C on the terminal reaches the parent alone, which orders the
 * shutdown. They end by themselves when the channel to the parent closes, whatever became of it.
 */
import { spawn } from "node:child_process";
import type { ChildProcess } from "node:child_process";
import { createInterface } from "node:readline";
import { LikesError } from "../errors.ts";
import { CHILD_STOP_WAIT_MAX_MS, CRASHES_IN_A_ROW_MAX, READY_WAIT_MAX_MS } from "../limits.ts";
import { monotonicMs } from "../monotonic.ts";
import type { ChildMessage, ParentMessage } from "./child_channel.ts";
import { RestartPolicy } from "./restart_policy.ts";

/** Closes the debugger from the first moment on. Node 20 lacks it; keepIgnored() is a moment later. */
const NO_DEBUGGER = ["--disable-sigusr1"].filter((flag) => {
  return process.allowedNodeEnvironmentFlags.has(flag);
});

/** How a child is started, and who hears of it. */
export interface ChildOptions {
  /** `primary` or a server id: names it in lines. */
  readonly name: string;
  /** The program's entry, and the command with its flags except the port. */
  readonly entry: string;
  readonly args: readonly string[];
  readonly port: number;
  /** What it is told as soon as it listens, also when it listens again. */
  readonly handshake: () => readonly ParentMessage[];
  /** A line for the parent's log. */
  readonly log: (line: string) => void;
  /** A line that a person has to see. */
  readonly tell: (line: string) => void;
  readonly onGivenUp: () => void;
  /** Its `view` is another one now. */
  readonly onChange: () => void;
}

/** What becomes of a child: its program loads, it listens, it is dead, it is not started again. */
export type ChildState = "starting" | "listening" | "away" | "given up";

/** A child as its parent sees it. */
export interface ChildView {
  readonly name: string;
  /** Where it listens, or did when it lived: `host:port`; empty before it ever did. */
  readonly address: string;
  /** Its process; undefined while there is none. */
  readonly pid: number | undefined;
  readonly state: ChildState;
  /** How often it was started again. */
  readonly restarts: number;
}

/** A first start that is under way. */
interface Starting {
  readonly readyOn: ChildMessage["type"];
  readonly ready: () => void;
  readonly failed: (reason: string) => void;
}

/** A child that is kept alive until it is stopped. */
export class Child {
  readonly #options: ChildOptions;
  readonly #policy = new RestartPolicy();
  #starting: Starting | undefined;
  #process: ChildProcess | undefined;
  #state: ChildState = "away";
  #restarts = 0;
  #bornMs = 0;
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
   * Starts it, and waits until it says `readyOn`. Throws LikesError `child_failed` when it ends by
   * itself before, or takes longer than READY_WAIT_MAX_MS. One that is killed is started again.
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

  /** Tells it something, if it listens. One that does not listen yet is greeted when it does. */
  send(message: ParentMessage): void {
    if (this.#state === "listening" && this.#process?.connected) this.#process.send(message);
  }

  /**
   * Waits until it has said that it is finished, in this life or a later one: its greeting has to ask
   * for that too. Returns when its last like was; nothing when there was none, or when no life comes.
   */
  finished(): Promise<number | undefined> {
    if (this.#stopping) return Promise.resolve(undefined);
    return new Promise((resolve) => (this.#onFinished = resolve));
  }

  /** Stops it for good: by a signal, and after a bounded time by force. */
  async stop(): Promise<void> {
    this.#startNoMore();
    const child = this.#process;
    if (child === undefined) return;
    const ended = new Promise((resolve) => child.once("close", resolve));
    const late = setTimeout(() => this.kill(), CHILD_STOP_WAIT_MAX_MS);
    child.kill("SIGTERM");
    await ended;
    clearTimeout(late);
  }

  /** Ends it at once, and for good. */
  kill(): void {
    this.#startNoMore();
    this.#process?.kill("SIGKILL");
  }

  #startNoMore(): void {
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
    this.#bornMs = monotonicMs();
    this.#lastError = "";
    this.#become("starting");
    log(`forked ${this.name}: process ${child.pid ?? "none"}`);
    child.on("message", (message: ChildMessage) => this.#hear(message));
    child.on("error", (error) => {
      log(`${this.name}: ${error.message}`);
      if (child.pid === undefined) this.#died(child, { code: null, signal: null });
    });
    // Not on "exit": what it said last on its error output is read by then.
    child.on("close", (code, signal) => this.#died(child, { code, signal }));
    if (child.stderr === null) return;
    createInterface({ input: child.stderr }).on("line", (line) => {
      this.#lastError = line;
      log(`${this.name}: ${line}`);
    });
  }

  #hear(message: ChildMessage): void {
    if (message.type === "listening") this.#listens(message.address);
    if (message.type === "finished") this.#onFinished(message.lastLikeMs);
    if (message.type === this.#starting?.readyOn) this.#starting.ready();
  }

  #listens(address: string): void {
    const { log, tell, handshake } = this.#options;
    this.#address = address;
    this.#port = Number(address.slice(address.lastIndexOf(":") + 1));
    this.#become("listening");
    log(`${this.name} listens on ${address}`);
    const { pid, restarts } = this.view;
    if (restarts > 0) tell(`${this.name} is back: pid ${pid}, ${restartsText(restarts)}`);
    for (const message of handshake()) this.send(message);
  }

  #become(state: ChildState): void {
    this.#state = state;
    this.#options.onChange();
  }

  #died(child: ChildProcess, { code, signal }: Death): void {
    if (this.#process !== child) return;
    this.#process = undefined;
    if (!this.#stopping) this.#become("away");
    const how = signal ?? (code === null ? "it could not be forked" : `code ${code}`);
    this.#options.log(`${this.name} ended: ${how}`);
    if (this.#stopping) return;
    if (this.#starting !== undefined && signal === null) {
      // It ended by itself before it ever worked, and would again: its error output says why.
      this.#starting.failed(this.#lastError.replace(/^Error: /, "") || how);
      return;
    }
    this.#startAgain(how);
  }

  #startAgain(how: string): void {
    const { tell, onGivenUp } = this.#options;
    const waitMs = this.#policy.died(monotonicMs() - this.#bornMs);
    if (waitMs !== undefined) {
      tell(`${this.name} died (${how}): starting it again in ${waitMs} ms`);
      this.#restart = setTimeout(() => {
        this.#restarts++;
        this.#spawn();
      }, waitMs);
      return;
    }
    tell(`${this.name} died (${how}) ${CRASHES_IN_A_ROW_MAX} times in a row: it is given up`);
    this.#startNoMore();
    this.#become("given up");
    onGivenUp();
  }
}

/** `restarted once`, `restarted 3 times`. */
export function restartsText(restarts: number): string {
  return `restarted ${restarts === 1 ? "once" : `${restarts} times`}`;
}

/** How a process ended: by itself with a code, or by a signal; neither when it never ran. */
interface Death {
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
}
