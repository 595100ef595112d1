/** Where state is kept when nothing is said. */
import { userInfo } from "node:os";
import { isAbsolute, join } from "node:path";
import { LikesError } from "../errors.ts";

/** What the environment says of it. */
export type Environment = Readonly<Partial<Record<"XDG_STATE_HOME" | "HOME", string>>>;

/**
 * Returns `$XDG_STATE_HOME/likes`, else `$HOME/.local/state/likes`. An empty or relative variable
 * counts as unset, as the XDG specification says: the next start would not find a ledger in the current
 * folder. Without a home there, `homeOf` asks the system. Throws LikesError `usage` when it knows none.
 */
export function defaultDataDir(
  { XDG_STATE_HOME: state, HOME: home }: Environment,
  homeOf = systemHome,
): string {
  if (isUsable(state)) return join(state, "likes");
  const known = isUsable(home) ? home : homeOf();
  if (isUsable(known)) return join(known, ".local", "state", "likes");
  const found = "neither XDG_STATE_HOME nor HOME is set, and the system knows no home of this user";
  throw new LikesError("usage", `Cannot choose a folder for the state: ${found}; give --data-dir`);
}

function isUsable(folder: string | undefined): folder is string {
  return folder !== undefined && isAbsolute(folder);
}

/** The home of this user as the system knows it; undefined for a user whom it does not know. */
function systemHome(): string | undefined {
  try {
    return userInfo().homedir;
  } catch {
    return undefined;
  }
}
