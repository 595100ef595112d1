/**
 * A child process of the bench; `await using` kills it. It handles one request at a time, and ends
 * by itself when this process is gone.
 */
import { fork } from "node:child_process";
import type { ChildProcess } from "node:child_process";
import { once } from "node:events";
import { fileURLToPath } from "node:url";
import type { Answer } from "./processes/serve.ts";

/** A process that runs `bench/processes/<name>.ts`. */
export class BenchProcess implements AsyncDisposable {
  readonly #name: string;
  readonly #child: ChildProcess;
  readonly #ended: Promise<unknown>;
  #stderr = "";

  constructor(name: string, env: NodeJS.ProcessEnv = {}) {
    this.#name = name;
    const path = fileURLToPath(new URL(`processes/${name}.ts`, import.meta.url));
    this.#child = fork(path, {
      execArgv: ["--import", import.meta.resolve("tsx")],
      env: { ...process.env, ...env },
      serialization: "advanced",
      stdio: ["ignore", "ignore", "pipe", "ipc"],
    });
    this.#child.stderr?.setEncoding("utf8").on("data", (text: string) => (this.#stderr += text));
    this.#ended = once(this.#child, "close");
  }

  /** Sends a request and returns the answer. Throws when the process fails or ends. */
  async ask<T>(command: string, argument?: unknown): Promise<T> {
    const answered = once(this.#child, "message");
    this.#child.send({ command, argument });
    const gone = this.#ended.then(() => {
      throw new Error(`Cannot ${command}: the ${this.#name} ended: ${this.#stderr.slice(-2_000)}`);
    });
    const [answer] = (await Promise.race([answered, gone])) as [Answer];
    if ("error" in answer) throw new Error(`Cannot ${command} (${this.#name}): ${answer.error}`);
    return answer.value as T;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#child.kill("SIGKILL");
    await this.#ended;
  }
}
