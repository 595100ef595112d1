/** What a parent and its children say to each other over IPC. */
import { LikesError } from "../errors.ts";

/** From the parent. Times are by the machine's monotonic clock, in milliseconds. */
export type ParentMessage =
  /** Generate from `startMs` for `durationMs`. */
  | { readonly type: "start"; readonly startMs: number; readonly durationMs: number }
  /** The giving ends `durationMs` after its start: give what is due. Answered with `finished`. */
  | { readonly type: "finish"; readonly durationMs: number };

/** From a child. */
export type ChildMessage =
  | { readonly type: "listening"; readonly address: string }
  /** The primary has admitted it: it accepts likes. */
  | { readonly type: "accepting" }
  /** It gives no more. Its last like was then; undefined when it gave none. */
  | { readonly type: "finished"; readonly lastLikeMs: number | undefined };

/** What a child does on its parent's word. */
export interface ChildCommands {
  readonly start?: (startMs: number, durationMs: number) => void;
  readonly finish?: (durationMs: number) => Promise<number | undefined>;
}

/** Throws LikesError `usage` when this process was forked by nobody who speaks to it. */
export function expectParent(): void {
  if (process.send !== undefined) return;
  throw new LikesError("usage", "Cannot obey a parent: --supervised is for likes orchestrate");
}

/**
 * Obeys the parent of this process. `onParentGone` is called when it has gone, also when that was
 * before this call. Throws LikesError `usage` when there never was one.
 */
export function obeyParent(commands: ChildCommands, onParentGone: () => void): void {
  expectParent();
  process.on("disconnect", onParentGone);
  if (!process.connected) onParentGone();
  process.on("message", (message: ParentMessage) => {
    if (message.type === "start") commands.start?.(message.startMs, message.durationMs);
    else void answerFinish(commands, message.durationMs);
  });
}

/** Tells the parent of this process, if it has one. */
export function tellParent(message: ChildMessage): void {
  if (process.connected) process.send?.(message);
}

async function answerFinish({ finish }: ChildCommands, durationMs: number): Promise<void> {
  tellParent({ type: "finished", lastLikeMs: await finish?.(durationMs) });
}
