/**
 * What is told of one outage: why, once for each reason, and that it is over. Attempts go on for as
 * long as it takes, each with an end of its own, and two reasons may take turns.
 */

/** Reasons that are told of one outage; what comes after them is not: some tell a number each time. */
const REASONS_MAX = 8;

/** One outage after another of one peer. */
export class Outage {
  readonly #reasons = new Set<string>();

  /** Whether `reason` is to be told: it is new in this outage, which begins with the first one. */
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
