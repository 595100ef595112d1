/**
 * Decides what to log about an outage: each reason once, and its end. Attempts continue without
 * limit, each may fail differently, and two reasons may alternate.
 */

/** Reasons logged of one outage. Bounded, because a reason may contain a new number every time. */
const REASONS_MAX = 8;

/** The outages of one peer. */
export class Outage {
  readonly #reasons = new Set<string>();

  /**
   * Returns whether to log `reason`: it is new in this outage. The first reason starts an outage.
   */
  isNews(reason: string): boolean {
    if (this.#reasons.has(reason) || this.#reasons.size >= REASONS_MAX) return false;
    this.#reasons.add(reason);
    return true;
  }

  /** Ends the outage. Returns whether there was one. */
  end(): boolean {
    const wasOn = this.#reasons.size > 0;
    this.#reasons.clear();
    return wasOn;
  }
}
