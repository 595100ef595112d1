/** The messages between a parent and its children, over IPC. */
import { LikesError } from "../errors.ts";

/** A message from the parent. Times are in milliseconds on the machine's monotonic clock. */
export type ParentMessage =
  /** Generate from `startMs` for `durationMs`. */
  | { readonly type: "start"; readonly startMs: number; readonly durationMs: number }
  /** Stop `durationMs` after the start, and add what is due by then. The answer is `finished`. */
  | { readonly type: "finish"; readonly durationMs: number };

/** A message from a child. */
export type ChildMessage =
  | { readonly type: "listening"; readonly address: string }
  /** The primary has admitted the LikesServer: it accepts likes. */
  | { readonly type: "accepting" }
  /** The generator has stopped. `lastLikeMs` is undefined when it added no like. */
  | { readonly type: "finished"; readonly lastLikeMs: number | undefined };

/** Handlers for the parent's messages. */
export interface ChildCommands {
  readonly start?: (startMs: number, durationMs: number) => void;
  readonly finish?: (durationMs: number) => Promise<number | undefined>;
}

/** Throws LikesError `usage` when this process has no IPC channel to a parent. */
export function expectParent(): void {
  if (process.send !== undefined) return;
  const found = "this process has no parent; only likes orchestrate passes the flag";
  throw new LikesError("usage", `Cannot use --supervised: ${found}`);
}

/**
 * Handles the messages of this process's parent. Calls `onParentGone` when the parent is gone, even
 * if it went before this call. Throws LikesError `usage` when there never was one.
 */
export function followParent(commands: ChildCommands, onParentGone: () => void): void {
  expectParent();
  process.on("disconnect", onParentGone);
  if (!process.connected) onParentGone();
  process.on("message", (message: ParentMessage) => {
    if (message.type === "start") commands.start?.(message.startMs, message.durationMs);
    else void answerFinish(commands, message.durationMs);
  });
}

/** Sends a message to this process's parent, if it has one. */
export function sendToParent(message: ChildMessage): void {
  if (process.connected) process.send?.(message);
}

async function answerFinish({ finish }: ChildCommands, durationMs: number): Promise<void> {
  sendToParent({ type: "finished", lastLikeMs: await finish?.(durationMs) });
}
