/** The state of a store after an error that leaves the contents of its disk unknown. */
import { LikesError, messageOf } from "../../errors.ts";

/**
 * Remembers that a store has failed. A retried sync can succeed although data was lost. After the
 * first failure, nothing is therefore read or written until the store is opened again.
 */
export class FailedStore {
  readonly #store: string;
  #error: LikesError | undefined;

  /** `store` names the store in messages, such as `the outbox "/data/outbox.sqlite"`. */
  constructor(store: string) {
    this.#store = store;
  }

  /** Marks the store as failed for `reason`. Returns the LikesError `store_failed` to throw. */
  fail(cause: unknown, reason: string = messageOf(cause)): LikesError {
    this.#error ??= new LikesError(
      "store_failed",
      `Cannot keep using ${this.#store}: ${reason}; it is unknown whether the last write is on ` +
        `disk; check the disk, and open the store again, which reads what is there`,
      { cause },
    );
    return this.#error;
  }

  /** Marks the store as failed because damage was read. Returns the LikesError to throw. */
  failDamaged(found: string): LikesError {
    this.#error ??= new LikesError(
      "store_failed",
      `Cannot keep using ${this.#store}: it is damaged: ${found}; check the disk, and restore a ` +
        `copy of its folder`,
    );
    return this.#error;
  }

  /** Throws the LikesError `store_failed` once the store has failed. */
  throwIfFailed(): void {
    if (this.#error !== undefined) throw this.#error;
  }
}
