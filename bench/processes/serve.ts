/**
 * The far side of a BenchProcess: answers its parent's requests, one after another, and ends with it,
 * whatever became of it.
 */

/** From the parent. */
interface Request {
  readonly command: string;
  readonly argument: unknown;
}

/** To the parent: the answer to the request before. */
export type Answer = { readonly value: unknown } | { readonly error: string };

/** What a process does when it is asked. */
export type Handlers = Readonly<Record<string, (argument: never) => unknown>>;

/** Serves requests, `processorMs` among them, until the parent is gone. */
export function serve(handlers: Handlers): void {
  process.on("disconnect", () => process.exit());
  const all = { ...handlers, processorMs };
  process.on("message", (request: Request) => void answer(request, all));
}

async function answer({ command, argument }: Request, handlers: Handlers): Promise<void> {
  let answered: Answer;
  try {
    const handler = handlers[command];
    if (handler === undefined) throw new Error(`Cannot do ${command}: it is unknown here`);
    answered = { value: await handler(argument as never) };
  } catch (error) {
    answered = { error: error instanceof Error ? (error.stack ?? error.message) : String(error) };
  }
  process.send?.(answered);
}

/** Processor time that this process has taken so far, in milliseconds. */
function processorMs(): number {
  const { user, system } = process.cpuUsage();
  return (user + system) / 1_000;
}
