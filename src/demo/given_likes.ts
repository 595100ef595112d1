/**
 * What the events of all outboxes give beyond the sums of their adds: the greatest set of each
 * register counts, and an operation counts once. Each observation reads only the new records.
 */
import { operationName } from "../core/protocol/operation.ts";
import { partsOfKey, rankOf, registerKey, stateOf } from "../core/protocol/register.ts";
import type { RegisterKey } from "../core/protocol/register.ts";
import type { IncarnationId, PersonId } from "../core/protocol/ids.ts";
import type { LikeEvent } from "../core/protocol/like_event.ts";
import { recordCodec } from "../format/record_codec.ts";
import { readEventsAfter } from "../store/outbox/outbox_reader.ts";

/** The likes of sets and named adds that were read so far. */
export class GivenLikes {
  readonly #read = new Map<IncarnationId, number>();
  readonly #ranks = new Map<RegisterKey, number>();
  readonly #withdrawn = new Set<PersonId>();
  readonly #operations = new Set<string>();
  #repeatedLikes = 0n;

  /** Reads what an outbox has accepted since. Throws LikesError `undecided`. */
  read(folder: string): void {
    for (const { incarnation, last, events } of readEventsAfter(folder, this.#read, recordCodec)) {
      for (const event of events) this.#add(event);
      this.#read.set(incarnation, last);
    }
  }

  /** To be added to the sum of all adds. */
  get likes(): bigint {
    let sum = -this.#repeatedLikes;
    for (const [key, rank] of this.#ranks) {
      const isWithdrawn = this.#withdrawn.has(partsOfKey(key).person);
      if (!isWithdrawn) sum += BigInt(stateOf(rank).likes);
    }
    return sum;
  }

  #add({ itemId, change }: LikeEvent): void {
    if (change.kind === "set") {
      const key = registerKey(change.person, itemId);
      this.#ranks.set(key, Math.max(this.#ranks.get(key) ?? 0, rankOf(change.state)));
    } else if (change.kind === "forget") {
      if (change.withdraw) this.#withdrawn.add(change.person);
    } else if (change.operation !== undefined) {
      const name = operationName(change.operation);
      if (this.#operations.has(name)) this.#repeatedLikes += change.likes;
      this.#operations.add(name);
    }
  }
}
