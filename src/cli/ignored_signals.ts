/**
 * Which signals were ignored when a process was started. They stay ignored, as `nohup` and `&` in a
 * script ask for.
 *
 * Node has made them deadly by the time it runs this, so `bin/likes` finds that out and says it in the
 * environment. A Node in between, such as npx, hides it from `bin/likes` as well. Then the name of the
 * last command is left, by which most shells tell that it was nohup.
 */
import { basename } from "node:path";

/** The signals by which a process is asked to end. */
export const ENDING_SIGNALS = ["SIGHUP", "SIGINT", "SIGTERM"] as const;
/** One of them. */
export type EndingSignal = (typeof ENDING_SIGNALS)[number];

/** Set by `bin/likes`. */
export const IGNORED = "LIKES_IGNORED_SIGNALS";

/** The signals that were ignored when the process with `env` was started, as far as `env` tells. */
export function ignoredSignals(env: NodeJS.ProcessEnv): ReadonlySet<EndingSignal> {
  const named = (env[IGNORED] ?? "").split(" ");
  const byNohup = basename(env["_"] ?? "") === "nohup";
  return new Set(
    ENDING_SIGNALS.filter((signal) => named.includes(signal) || (byNohup && signal === "SIGHUP")),
  );
}
