/** What an audit has found so far: the first of each kind, and how many there are. */
import type { Divergence, GivenUp, Listed, Missing, Place, Undecided } from "./report.ts";
import { CorruptStoreError } from "./corrupt_store_error.ts";
import { isDamage, isSqliteError } from "./audited_file.ts";

/** More of one kind are only counted: a store that is wrong throughout has millions. */
const LISTED_MAX = 100;

class List<T> implements Listed<T> {
  readonly first: T[] = [];
  count = 0;

  add(one: T): void {
    this.count++;
    if (this.first.length < LISTED_MAX) this.first.push(one);
  }
}

/** Collects what an audit finds, in the order of finding. */
export class Findings {
  readonly divergences = new List<Divergence>();
  readonly missing = new List<Missing>();
  readonly gaps = new List<GivenUp>();
  readonly lost = new List<GivenUp>();
  readonly troubles = new List<Undecided>();

  /** `what` is wrong at `place`: `expected` had to be there, and `found` is. */
  diverge(place: Place, what: string, expected: unknown, found: unknown): void {
    this.divergences.add({ ...place, what, expected: String(expected), found: String(found) });
  }

  miss(missing: Missing): void {
    this.missing.add(missing);
  }

  /** Runs a read of a store. What it finds damaged is a divergence, what it cannot read is missing. */
  attempt<T>(place: Place, work: () => T): T | undefined {
    try {
      return work();
    } catch (error) {
      this.damage(place, error);
      return undefined;
    }
  }

  /** Notes what a read of a store threw. Throws what is no finding. */
  damage(place: Place, error: unknown): void {
    if (error instanceof CorruptStoreError || isDamage(error)) {
      return this.diverge(
        place,
        "the store is damaged",
        "rows as they were written",
        error.message,
      );
    }
    if (!isSqliteError(error)) throw error;
    this.miss({ ...place, what: `the store could not be read on: ${error.message}` });
  }
}
