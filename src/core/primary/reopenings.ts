/**
 * Decides when a primary opens its ledger again, and when it ends instead.
 *
 * An opening ends when a commit is in doubt or superseded. One that ends soon, again and again,
 * has a cause that does not pass: a damaged disk, or a second primary on the same ledger.
 */
import { OPENING_SOUND_MS, REOPENINGS_MAX } from "../../limits.ts";
import { backoffMs } from "../protocol/backoff.ts";
import type { FaultCode } from "../../errors.ts";

/** Faults of an opening that may pass without an operator. */
const MAY_PASS: ReadonlySet<FaultCode> = new Set(["store_busy", "disk_full"]);

/** The openings of one primary. */
export class Reopenings {
  /** Openings in a row that ended before they had served OPENING_SOUND_MS. */
  #ended = 0;
  /** Attempts to open that have failed since the last opening. */
  #failed = 0;

  /**
   * An opening ended after it had served for `servedMs`. Returns the milliseconds to wait before the
   * next one; undefined when the primary should end. `random` is in [0, 1).
   */
  afterEnd(servedMs: number, random: number): number | undefined {
    this.#ended = servedMs < OPENING_SOUND_MS ? this.#ended + 1 : 1;
    this.#failed = 0;
    return this.#ended > REOPENINGS_MAX ? undefined : backoffMs(this.#ended, random);
  }

  /** An attempt to open failed with `code`. Returns as `afterEnd` does. */
  afterFailure(code: FaultCode, random: number): number | undefined {
    if (!MAY_PASS.has(code)) return undefined;
    this.#failed++;
    return backoffMs(this.#ended + this.#failed, random);
  }
}
