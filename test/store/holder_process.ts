import { fork } from "node:child_process";
import { once } from "node:events";
import { fileURLToPath } from "node:url";

/** A process that holds an outbox with two events, one of them trimmed. */
export interface HolderProcess extends AsyncDisposable {
  /** Kills the process with SIGKILL and waits until it has exited. */
  kill(): Promise<void>;
}

/** Starts a process and waits until it holds the outbox in `folder`. */
export async function holderProcess(folder: string): Promise<HolderProcess> {
  const file = fileURLToPath(new URL("outbox_holder.ts", import.meta.url));
  const child = fork(file, [folder], { execArgv: ["--import", "tsx"] });
  const exited = once(child, "exit");
  const message = await Promise.race([once(child, "message"), exited]);
  if (message[0] !== "held") throw new Error(`The holder exited: ${String(message)}`);
  async function kill(): Promise<void> {
    child.kill("SIGKILL");
    await exited;
  }
  return { kill, [Symbol.asyncDispose]: kill };
}
