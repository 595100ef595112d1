/** What is left to do when a store can no longer say what is on its disk: nothing. */
import { LikesError, messageOf } from "../../errors.ts";

/**
 * Remembers that a store can no longer say what is on its disk. A retried sync can succeed over
 * lost data, so after the first failure nothing is written or read until the store is opened again.
 */
export class FailedStore {
  readonly #store: string;
  #error: LikesError | undefined;

  /** `store` names the store in messages, as in `the outbox "/data/outbox.sqlite"`. */
  constructor(store: string) {
    this.#store = store;
  }

  /** Marks the store as failed. Returns the LikesError `store_failed` to throw, which says `reason`. */
  fail(cause: unknown, reason: string = messageOf(cause)): LikesError {
    this.#error ??= new LikesError(
      "store_failed",
      `Cannot use ${this.#store} any further: ${reason}, so it is unknown what the disk ` +
        `holds of the last write; check the disk and start again, which reads it anew`,
      { cause },
    );
    return this.#error;
  }

  /** Marks the store as failed because of damage that was read. Returns the LikesError to throw. */
  failDamaged(found: string): LikesError {
    this.#error ??= new LikesError(
      "store_failed",
      `Cannot use ${this.#store} any further: it is damaged: ${found}; check the disk, and put a ` +
        `copy of its folder back`,
    );
    return this.#error;
  }

  /** Throws the LikesError `store_failed` once the store has failed. */
  throwIfFailed(): void {
    if (this.#error !== undefined) throw this.#error;
  }
}
