import { fork } from "node:child_process";
import { once } from "node:events";
import { fileURLToPath } from "node:url";

/** A process that holds the outbox of a folder, with two events in it, one of them trimmed. */
export interface HolderProcess extends AsyncDisposable {
  /** Kills it with SIGKILL and waits until it is gone. */
  kill(): Promise<void>;
}

/** Starts a process that holds the outbox in `folder`, and waits until it does. */
export async function holderProcess(folder: string): Promise<HolderProcess> {
  const file = fileURLToPath(new URL("outbox_holder.ts", import.meta.url));
  const child = fork(file, [folder], { execArgv: ["--import", "tsx"] });
  const exited = once(child, "exit");
  const message = await Promise.race([once(child, "message"), exited]);
  if (message[0] !== "held") throw new Error(`The holder ended: ${String(message)}`);
  async function kill(): Promise<void> {
    child.kill("SIGKILL");
    await exited;
  }
  return { kill, [Symbol.asyncDispose]: kill };
}
