/** Decides whether and when a dead child is restarted. Pure. */
import { CRASHES_IN_A_ROW_MAX, UPTIME_MIN_MS, RESTART_FIRST_MS } from "../limits.ts";

/** Counts one child's deaths in a row. An uptime of UPTIME_MIN_MS ends the row. */
export class RestartPolicy {
  #deaths = 0;

  /** Returns the milliseconds until the restart; undefined to give up. */
  died(uptimeMs: number): number | undefined {
    this.#deaths = uptimeMs >= UPTIME_MIN_MS ? 1 : this.#deaths + 1;
    if (this.#deaths >= CRASHES_IN_A_ROW_MAX) return undefined;
    return RESTART_FIRST_MS * 2 ** (this.#deaths - 1);
  }
}
