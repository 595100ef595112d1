/** A database server of the bench, on loopback and in a temporary folder. */
import { execFile, spawn } from "node:child_process";
import { existsSync } from "node:fs";
import { createServer } from "node:net";
import type { AddressInfo } from "node:net";
import { promisify } from "node:util";
import { setTimeout as pause } from "node:timers/promises";

export const run = promisify(execFile);
const READY_WAIT_MAX_MS = 30_000;
const POLL_MS = 100;

/** Returns the first of these programs that exists; undefined without one. */
export function found(paths: readonly string[]): string | undefined {
  return paths.find((path) => existsSync(path));
}

/** Returns a free port on loopback. */
export async function freePort(): Promise<number> {
  const server = createServer().listen(0, "127.0.0.1");
  await new Promise((resolve) => server.once("listening", resolve));
  const { port } = server.address() as AddressInfo;
  await new Promise((resolve) => server.close(resolve));
  return port;
}

/** A server process. */
export class ServerProcess implements AsyncDisposable {
  readonly #ended: Promise<unknown>;
  readonly #stop: () => void;

  private constructor(command: string, args: readonly string[]) {
    const child = spawn(command, args, { stdio: "ignore" });
    this.#stop = () => child.kill("SIGTERM");
    this.#ended = new Promise((resolve) => child.once("close", resolve));
  }

  /** Starts a server, and waits until `isReady` does not throw. */
  static async start(
    command: string,
    args: readonly string[],
    isReady: () => Promise<unknown>,
  ): Promise<ServerProcess> {
    const server = new ServerProcess(command, args);
    for (let waitedMs = 0; ; waitedMs += POLL_MS) {
      try {
        await isReady();
        return server;
      } catch (error) {
        if (waitedMs < READY_WAIT_MAX_MS) await pause(POLL_MS);
        else throw error;
      }
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#stop();
    await this.#ended;
  }
}
