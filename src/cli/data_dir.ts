/** The default folder of the roles' state. */
import { userInfo } from "node:os";
import { isAbsolute, join } from "node:path";
import { LikesError } from "../errors.ts";

/** The environment variables that choose it. */
export type Environment = Readonly<Partial<Record<"XDG_STATE_HOME" | "HOME", string>>>;

/**
 * Returns `$XDG_STATE_HOME/likes`, else `$HOME/.local/state/likes`. The XDG specification treats an
 * empty or relative variable as unset: a start from another folder would not find the ledger.
 * Without either, `homeOf` asks the system. Throws LikesError `usage` when there is no home.
 */
export function defaultDataDir(
  { XDG_STATE_HOME: state, HOME: home }: Environment,
  homeOf = systemHome,
): string {
  if (isUsable(state)) return join(state, "likes");
  const known = isUsable(home) ? home : homeOf();
  if (isUsable(known)) return join(known, ".local", "state", "likes");
  const found =
    "neither XDG_STATE_HOME nor HOME is set, and the system knows no home for this user";
  throw new LikesError("usage", `Cannot choose a folder for the state: ${found}; give --data-dir`);
}

function isUsable(folder: string | undefined): folder is string {
  return folder !== undefined && isAbsolute(folder);
}

/** Returns this user's home from the system; undefined for an unknown user. */
function systemHome(): string | undefined {
  try {
    return userInfo().homedir;
  } catch {
    return undefined;
  }
}
