/**
 * Numbers by an id of 16 bytes and a whole number: registers by person and item, operations by
 * client and number. An audit holds one entry for each, so an entry is small: some 70 bytes.
 */
import { PSEUDONYM_BYTES } from "./like_events.ts";

const KEY_BYTES = PSEUDONYM_BYTES + 8;
/** A Map holds at most 2^24 entries, so there are several. */
const SHARDS = 64;
const HIGH = 2 ** 32;

/** An entry: the parts of its key, and its value. */
export interface IdEntry {
  readonly id: Uint8Array;
  readonly number: number;
  readonly value: number;
}

export class IdMap {
  readonly #shards = Array.from({ length: SHARDS }, () => new Map<string, number>());
  /** A key is one text of KEY_BYTES characters: joined texts would take several times as much. */
  readonly #key = Buffer.alloc(KEY_BYTES);

  get(id: Uint8Array, number: number): number | undefined {
    const key = this.#keyOf(id, number);
    return this.#shard.get(key);
  }

  set(id: Uint8Array, number: number, value: number): void {
    const key = this.#keyOf(id, number);
    this.#shard.set(key, value);
  }

  /** Returns the value and removes it; undefined when there is none. */
  take(id: Uint8Array, number: number): number | undefined {
    const key = this.#keyOf(id, number);
    const shard = this.#shard;
    const value = shard.get(key);
    shard.delete(key);
    return value;
  }

  /** Yields all entries. */
  *entries(): Generator<IdEntry> {
    for (const shard of this.#shards) {
      for (const [key, value] of shard) {
        const bytes = Buffer.from(key, "latin1");
        const [low, high] = [PSEUDONYM_BYTES, PSEUDONYM_BYTES + 4];
        const number = bytes.readUInt32LE(low) + bytes.readUInt32LE(high) * HIGH;
        yield { id: bytes.subarray(0, PSEUDONYM_BYTES), number, value };
      }
    }
  }

  /** Returns a key, and leaves its bytes for `#shard`. */
  #keyOf(id: Uint8Array, number: number): string {
    const key = this.#key;
    key.set(id);
    key.writeUInt32LE(number % HIGH, PSEUDONYM_BYTES);
    key.writeUInt32LE(Math.floor(number / HIGH), PSEUDONYM_BYTES + 4);
    return key.toString("latin1");
  }

  /** The shard of the newest key: neither one id nor one number fills a single shard. */
  get #shard(): Map<string, number> {
    const at = ((this.#key[0] ?? 0) + (this.#key[PSEUDONYM_BYTES] ?? 0)) % SHARDS;
    const shard = this.#shards[at];
    if (shard === undefined) throw new Error("there is a shard of each key");
    return shard;
  }
}
