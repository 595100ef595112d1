/**
 * The keys that may be in an intake, as two Bloom filters. A key that is in neither filter is not in
 * the intake, so a read need not search its runs.
 *
 * A filter cannot forget a key. So there is one for the current sweep of the folding, and one for
 * the sweep before: what was appended earlier has been folded.
 */

/** 16 bits for each row of a full intake: one key in 400 is searched for in vain. */
const BITS = 2 ** 24;
const PROBES = 4;

/** The keys that were appended lately. */
export class RecentKeys {
  #current = new Uint32Array(BITS / 32);
  #before = new Uint32Array(BITS / 32);

  add(key: string): void {
    for (const bit of bitsOf(key)) {
      this.#current[bit >>> 5] = (this.#current[bit >>> 5] ?? 0) | (1 << (bit & 31));
    }
  }

  /** Returns false when `key` is certainly not in the intake. */
  mayHave(key: string): boolean {
    const bits = bitsOf(key);
    return has(this.#current, bits) || has(this.#before, bits);
  }

  /** The folding has gone once through all keys. */
  swept(): void {
    [this.#before, this.#current] = [this.#current, this.#before];
    this.#current.fill(0);
  }
}

function has(filter: Uint32Array, bits: readonly number[]): boolean {
  return bits.every((bit) => ((filter[bit >>> 5] ?? 0) & (1 << (bit & 31))) !== 0);
}

/** Returns the bits of a key: a hash, and steps of another one. */
function bitsOf(key: string): readonly number[] {
  let [one, other] = [0x811c9dc5, 0x9e3779b9];
  for (let index = 0; index < key.length; index++) {
    one = Math.imul(one ^ key.charCodeAt(index), 0x01000193);
    other = Math.imul(other + one, 0x85ebca6b) ^ (other >>> 13);
  }
  return Array.from({ length: PROBES }, (_, probe) => (one + probe * (other | 1)) & (BITS - 1));
}
