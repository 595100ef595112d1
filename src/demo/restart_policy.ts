/** Decides whether a child that died is started again, and when. Pure: it counts deaths. */
import { CRASHES_IN_A_ROW_MAX, UPTIME_MIN_MS, RESTART_FIRST_MS } from "../limits.ts";

/** Deaths of one child, in a row: without a life of UPTIME_MIN_MS between them. */
export class RestartPolicy {
  #deaths = 0;

  /** After a life of `lifeMs`: milliseconds until the next start, or undefined to give up. */
  died(lifeMs: number): number | undefined {
    this.#deaths = lifeMs >= UPTIME_MIN_MS ? 1 : this.#deaths + 1;
    if (this.#deaths >= CRASHES_IN_A_ROW_MAX) return undefined;
    return RESTART_FIRST_MS * 2 ** (this.#deaths - 1);
  }
}
