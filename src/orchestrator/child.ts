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
import { CHILD_STOP_WAIT_MAX_MS, DEATHS_IN_A_ROW_MAX, READY_WAIT_MAX_MS } from "../limits.ts";
import { monotonicMs } from "../monotonic.ts";
import type { ChildMessage, ParentMessage } from "./child_channel.ts";
import { RestartPolicy } from "./restart_policy.ts";

/** How a child is started. */
export interface ChildOptions {
  /** `primary` or a server id: names it in lines. */
  readonly name: string;
  /** The program's entry, and the command with its flags except the port. */
  readonly entry: string;
  readonly args: readonly string[];
  readonly port: number;
  /** A line for the parent's log. */
  readonly log: (line: string) => void;
  /** A line that a person has to see. */
  readonly tell: (line: string) => void;
  readonly onGivenUp: () => void;
}

/** What a child is told as soon as it listens again. */
export type Greeting = () => ParentMessage | undefined;

/** A child that is kept alive until it is stopped. */
export class Child {
  readonly #options: ChildOptions;
  readonly #policy = new RestartPolicy();
  readonly #greeting: Greeting;
  readonly #ready: Promise<void>;
  #settleReady: { resolve: () => void; reject: (error: Error) => void } | undefined;
  #process: ChildProcess | undefined;
  #bornMs = 0;
  #port: number;
  #address = "";
  #lastError = "";
  #stopping = false;
  #restart: NodeJS.Timeout | undefined;
  #onFinished: (lastLikeMs: number | undefined) => void = () => {};
  #readyOn: ChildMessage["type"] = "listening";

  constructor(options: ChildOptions, greeting: Greeting) {
    this.#options = options;
    this.#greeting = greeting;
    this.#port = options.port;
    this.#ready = new Promise((resolve, reject) => (this.#settleReady = { resolve, reject }));
  }

  get name(): string {
    return this.#options.name;
  }

  /** Where it listens: `host:port`; empty before it does. */
  get address(): string {
    return this.#address;
  }

  get isAlive(): boolean {
    return this.#process !== undefined;
  }

  /** Starts it, and waits until it says `readyOn`. Throws LikesError when it dies before. */
  async start(readyOn: ChildMessage["type"]): Promise<void> {
    this.#readyOn = readyOn;
    this.#spawn();
    const late = setTimeout(() => {
      const message = `Cannot start ${this.name}: it was not ready within ${READY_WAIT_MAX_MS} ms`;
      this.#settleReady?.reject(new LikesError("peer_unreachable", message));
    }, READY_WAIT_MAX_MS);
    try {
      await this.#ready;
    } finally {
      clearTimeout(late);
      this.#settleReady = undefined;
    }
  }

  send(message: ParentMessage): void {
    if (this.#process?.connected) this.#process.send(message);
  }

  /** Asks it to give no more. Gives when its last like was, or nothing when it cannot answer. */
  finish(timeoutMs: number): Promise<number | undefined> {
    if (!this.isAlive) return Promise.resolve(undefined);
    return new Promise((resolve) => {
      const late = setTimeout(() => resolve(undefined), timeoutMs);
      this.#onFinished = (lastLikeMs) => {
        clearTimeout(late);
        resolve(lastLikeMs);
      };
      this.send({ type: "finish" });
    });
  }

  /** Stops it for good: by a signal, and after a bounded time by force. */
  async stop(): Promise<void> {
    this.#stopping = true;
    clearTimeout(this.#restart);
    const child = this.#process;
    if (child === undefined) return;
    const ended = new Promise((resolve) => child.once("exit", resolve));
    const late = setTimeout(() => this.kill(), CHILD_STOP_WAIT_MAX_MS);
    child.kill("SIGTERM");
    await ended;
    clearTimeout(late);
  }

  /** Ends it at once. */
  kill(): void {
    this.#stopping = true;
    clearTimeout(this.#restart);
    this.#process?.kill("SIGKILL");
  }

  #spawn(): void {
    const { entry, args, log } = this.#options;
    const command = [entry, ...args, "--port", String(this.#port), "--supervised"];
    const child = spawn(process.execPath, command, {
      detached: true,
      stdio: ["ignore", "ignore", "pipe", "ipc"],
    });
    this.#process = child;
    this.#bornMs = monotonicMs();
    log(`forked ${this.name}: process ${child.pid}`);
    child.on("message", (message: ChildMessage) => this.#hear(message));
    child.on("error", (error) => log(`${this.name}: ${error.message}`));
    child.on("exit", (code, signal) => this.#died(signal ?? `code ${code}`));
    if (child.stderr !== null) {
      createInterface({ input: child.stderr }).on("line", (line) => {
        this.#lastError = line;
        log(`${this.name}: ${line}`);
      });
    }
  }

  #hear(message: ChildMessage): void {
    if (message.type === "listening") {
      this.#address = message.address;
      this.#port = Number(message.address.slice(message.address.lastIndexOf(":") + 1));
      const greeting = this.#greeting();
      if (greeting !== undefined) this.send(greeting);
    }
    if (message.type === "finished") this.#onFinished(message.lastLikeMs);
    if (message.type === this.#readyOn) this.#settleReady?.resolve();
  }

  #died(how: string): void {
    const { log, tell, onGivenUp } = this.#options;
    this.#process = undefined;
    this.#onFinished(undefined);
    log(`${this.name} ended: ${how}`);
    if (this.#stopping) return;
    if (this.#settleReady !== undefined) {
      // It never worked: the reason stands on its error output, and starting again would not help.
      const reason = this.#lastError.replace(/^Error: /, "") || how;
      this.#stopping = true;
      this.#settleReady.reject(new LikesError("stopping", `Cannot start ${this.name}: ${reason}`));
      return;
    }
    const waitMs = this.#policy.died(monotonicMs() - this.#bornMs);
    if (waitMs === undefined) {
      this.#stopping = true;
      tell(`${this.name} died (${how}) ${DEATHS_IN_A_ROW_MAX} times in a row: it is given up`);
      onGivenUp();
      return;
    }
    tell(`${this.name} died (${how}): starting it again in ${waitMs} ms`);
    this.#restart = setTimeout(() => this.#spawn(), waitMs);
  }
}
