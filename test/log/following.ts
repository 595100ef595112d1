import { spawn } from "node:child_process";
import { once } from "node:events";

/** A person's `tail -f`. */
export interface Following extends AsyncDisposable {
  /** The text shown so far. */
  readonly text: string;
}

/** Starts `tail -f` on a file. */
export function following(path: string): Following {
  const tail = spawn("tail", ["-f", path], { stdio: ["ignore", "pipe", "ignore"] });
  const ended = once(tail, "close");
  let text = "";
  tail.stdout.setEncoding("utf8").on("data", (more: string) => (text += more));
  return {
    get text() {
      return text;
    },
    async [Symbol.asyncDispose]() {
      tail.kill("SIGKILL");
      await ended;
    },
  };
}
