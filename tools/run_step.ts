/** A command as a step of something longer: its lines as they come, its time, and its end. */
import { spawn } from "node:child_process";
import { once } from "node:events";
import { createInterface } from "node:readline";

/** Where and how to run it. */
export interface StepOptions {
  readonly cwd: string;
  readonly env: NodeJS.ProcessEnv;
  /** Ends it early. */
  readonly signal: AbortSignal;
  readonly limitMs: number;
  /** Hears each line that it prints, on either output. */
  readonly print?: (line: string) => void;
}

/** What came of it. */
export interface Step {
  /** Null when a signal ended it, as happens after its limit. */
  readonly code: number | null;
  readonly lines: readonly string[];
  readonly ms: number;
}

/** Runs `command` to its end. Throws when it cannot be started. */
export async function runStep(
  command: string,
  args: readonly string[],
  { cwd, env, signal, limitMs, print = () => {} }: StepOptions,
): Promise<Step> {
  const startMs = performance.now();
  // A group of its own: npm would end without what it started, which holds its output.
  const stdio = ["ignore", "pipe", "pipe"] as const;
  const child = spawn(command, args, { cwd, env, stdio: [...stdio], detached: true });
  const end = (): void => {
    if (child.pid !== undefined && child.exitCode === null) process.kill(-child.pid, "SIGTERM");
  };
  const timer = setTimeout(end, limitMs);
  signal.addEventListener("abort", end);
  const lines: string[] = [];
  for (const input of [child.stdout, child.stderr]) {
    createInterface({ input }).on("line", (line) => {
      lines.push(line);
      print(line);
    });
  }
  try {
    const [code] = (await once(child, "close")) as [number | null];
    return { code, lines, ms: performance.now() - startMs };
  } finally {
    clearTimeout(timer);
    signal.removeEventListener("abort", end);
  }
}
