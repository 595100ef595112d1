/**
 * The signals ignored when a process started. They stay ignored, as `nohup` and `&` in a
 * script ask.
 *
 * Node resets them before it runs this code, so `bin/likes` detects them and passes them in the
 * environment. A Node in between, such as npx, hides them from `bin/likes` too. Then only `_` is
 * left, in which most shells put the name of the last command, `nohup`.
 */
import { basename } from "node:path";

/** The signals that ask a process to end. */
export const ENDING_SIGNALS = ["SIGHUP", "SIGINT", "SIGTERM"] as const;
/** A signal that asks a process to end. */
export type EndingSignal = (typeof ENDING_SIGNALS)[number];

/** The environment variable set by `bin/likes`. */
export const IGNORED = "LIKES_IGNORED_SIGNALS";

/** Returns the signals that were ignored at the start of a process, as far as its `env` tells. */
export function ignoredSignals(env: NodeJS.ProcessEnv): ReadonlySet<EndingSignal> {
  const named = (env[IGNORED] ?? "").split(" ");
  const byNohup = basename(env["_"] ?? "") === "nohup";
  return new Set(
    ENDING_SIGNALS.filter((signal) => named.includes(signal) || (byNohup && signal === "SIGHUP")),
  );
}
