/** What an audit has found so far: the first findings of each kind, and their number. */
import type {
  UnclearOperation,
  Divergence,
  GivenUp,
  Listed,
  Missing,
  OpenTrouble,
  Place,
} from "./report.ts";
import { CorruptStoreError } from "./corrupt_store_error.ts";
import { isDamage, isSqliteError } from "./audited_file.ts";

/** Further findings are only counted: a store that is wrong throughout has millions. */
const LISTED_MAX = 100;

class List<T> implements Listed<T> {
  readonly first: T[] = [];
  count = 0;

  add(one: T): void {
    this.count++;
    if (this.first.length < LISTED_MAX) this.first.push(one);
  }
}

/** Collects findings in the order they are made. */
export class Findings {
  readonly divergences = new List<Divergence>();
  readonly missing = new List<Missing>();
  readonly unclear = new List<UnclearOperation>();
  readonly gaps = new List<GivenUp>();
  readonly lost = new List<GivenUp>();
  readonly troubles = new List<OpenTrouble>();

  /** Records that `what` is wrong at `place`: `found` instead of `expected`. */
  diverge(place: Place, what: string, expected: unknown, found: unknown): void {
    this.divergences.add({ ...place, what, expected: String(expected), found: String(found) });
  }

  miss(missing: Missing): void {
    this.missing.add(missing);
  }

  /** Runs a read of a store. Damage becomes a divergence, and an unreadable part is missing. */
  attempt<T>(place: Place, work: () => T): T | undefined {
    try {
      return work();
    } catch (error) {
      this.damage(place, error);
      return undefined;
    }
  }

  /** Records the error of a read. Rethrows one that is no finding. */
  damage(place: Place, error: unknown): void {
    if (error instanceof CorruptStoreError || isDamage(error)) {
      return this.diverge(place, "the store is damaged", "intact rows", error.message);
    }
    if (!isSqliteError(error)) throw error;
    this.miss({ ...place, what: `the rest of the store cannot be read: ${error.message}` });
  }
}
