/**
 * The child side of a BenchProcess: answers its parent's requests one by one, and exits when the
 * parent is gone.
 */
import { monitorEventLoopDelay } from "node:perf_hooks";
import { processorMs } from "../../src/monotonic.ts";

/** Delays of a timer of 1 ms. */
const stops = monitorEventLoopDelay({ resolution: 1 });

/** A request from the parent. */
interface Request {
  readonly command: string;
  readonly argument: unknown;
}

/** The answer to the parent's last request. */
export type Answer = { readonly value: unknown } | { readonly error: string };

/** Handlers by command. */
export type Handlers = Readonly<Record<string, (argument: never) => unknown>>;

/** Serves requests until the parent is gone. Adds handlers for what every process measures. */
export function serve(handlers: Handlers): void {
  process.on("disconnect", () => process.exit());
  const all = { ...handlers, processorMs, longestStopMs, pid: () => process.pid };
  process.on("message", (request: Request) => void answer(request, all));
}

async function answer({ command, argument }: Request, handlers: Handlers): Promise<void> {
  let answered: Answer;
  try {
    const handler = handlers[command];
    if (handler === undefined)
      throw new Error(`Cannot handle ${command}: there is no such command`);
    answered = { value: await handler(argument as never) };
  } catch (error) {
    answered = { error: error instanceof Error ? (error.stack ?? error.message) : String(error) };
  }
  process.send?.(answered);
}

/**
 * Returns the longest stop of the event loop since the last request for it, in milliseconds. The
 * first request begins to measure: figures that make none run without the timer.
 */
function longestStopMs(): number {
  stops.enable();
  const longestMs = stops.max / 1e6;
  stops.reset();
  return longestMs;
}
