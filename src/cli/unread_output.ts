/**
 * What becomes of a process when nobody reads its output any more.
 *
 * A command ends, as by SIGPIPE and with a code that claims nothing: what it had still to find out, it
 * has not. A role goes on: its work is for others, and its log tells what it would have said.
 */
import { EXIT } from "../errors.ts";

let isServing = false;

/** From now on output that cannot be written is let go of, whatever the reason: this is a role. */
export function serveUnread(): void {
  isServing = true;
}

/** Looks after `streams`, to which this process prints, from now on. */
export function watchOutput(streams: readonly NodeJS.WriteStream[]): void {
  for (const stream of streams) {
    stream.on("error", (error: NodeJS.ErrnoException) => {
      if (isServing) return;
      if (error.code === "EPIPE") process.exit(EXIT.unread);
      throw error;
    });
  }
}
