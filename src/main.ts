#!/usr/bin/env node
/** The command line's entry; `bin/likes` starts it. */
import { fileURLToPath } from "node:url";
import { serveUnread, watchOutput } from "./cli/output.ts";
import { keepIgnored } from "./cli/signals.ts";
import { EXIT, FAULTS, LikesError } from "./errors.ts";
import { checkPlatform } from "./node_version.ts";

keepIgnored(); // first of all: until then SIGUSR1 opens the debugger
const refusal = checkPlatform(process.versions);
if (refusal !== undefined) {
  process.stderr.write(`Error: ${refusal.message}\n`);
  process.exit(FAULTS[refusal.code].exit);
}

const { isSupervised, runSupervised } = await import("./demo/supervised.ts");
const argv = process.argv.slice(2);
if (isSupervised(argv)) {
  watchOutput(process);
  serveUnread();
  await runSupervised(argv, { print, fail }).catch(fail);
} else {
  const { execute } = await import("@oclif/core/execute");
  await import("@oclif/core/command"); // first, because it adds output listeners of its own
  watchOutput(process);
  // Without user plugins: write access to a home folder must not extend `likes`.
  const plugins = { userPlugins: false, devPlugins: false };
  await execute({ loadOptions: { root: fileURLToPath(import.meta.url), ...plugins } });
}

function print(line: string): void {
  process.stdout.write(`${line}\n`);
}

function fail(error: unknown): void {
  const text = error instanceof LikesError ? `Error: ${error.message}` : stackOf(error);
  process.stderr.write(`${text}\n`);
  process.exit(error instanceof LikesError ? FAULTS[error.code].exit : EXIT.failed);
}

function stackOf(error: unknown): string {
  return error instanceof Error ? (error.stack ?? error.message) : String(error);
}
