/** Where state is kept when nothing is said. */
import { join } from "node:path";

/** `$XDG_STATE_HOME/likes`, else `<home>/.local/state/likes`. */
export function defaultDataDir(xdgStateHome: string | undefined, home: string): string {
  const isSet = xdgStateHome !== undefined && xdgStateHome.startsWith("/");
  return join(isSet ? xdgStateHome : join(home, ".local", "state"), "likes");
}
