/**
 * What a ledger must hold after some events, in the order of their application: a model with code of
 * its own. Its end is checked once more without any order (checkEnd).
 */
import type { EventOutcome } from "../../../src/core/ledger/ledger_command.ts";
import type { RegisterState } from "../../../src/core/protocol/register.ts";
import type { LedgerDisk } from "../../../src/store/ledger/memory_ledger.ts";
import type { LikeEvent } from "../../../src/core/protocol/like_event.ts";
import type { PersonId } from "../../../src/core/protocol/ids.ts";
import { expect } from "./failure.ts";
import type { Add } from "./truth.ts";

/** What became of an event. */
interface Expected {
  readonly gained: bigint;
  readonly outcome: EventOutcome;
}

type Triple = readonly [revision: number, reaction: number, likes: number];

/** The items, registers and operations of a ledger. */
export class LedgerModel {
  readonly #items = new Map<string, bigint>();
  readonly #reactions = new Map<string, bigint>();
  readonly #registers = new Map<string, Triple>();
  readonly #operations = new Set<string>();
  /** Likes without a name, by item. */
  readonly #kept = new Map<string, bigint>();
  readonly forgotten = new Set<PersonId>();
  /** As they were applied: a request may exchange its place with an equal one later. */
  readonly #applied: LikeEvent[] = [];

  fork(): LedgerModel {
    const copy = new LedgerModel();
    for (const [key, likes] of this.#items) copy.#items.set(key, likes);
    for (const [key, likes] of this.#reactions) copy.#reactions.set(key, likes);
    for (const [key, state] of this.#registers) copy.#registers.set(key, state);
    for (const key of this.#operations) copy.#operations.add(key);
    for (const [itemId, likes] of this.#kept) copy.#kept.set(itemId, likes);
    for (const person of this.forgotten) copy.forgotten.add(person);
    copy.#applied.push(...this.#applied);
    return copy;
  }

  get items(): number {
    return this.#items.size;
  }

  likesOf(itemId: string): bigint {
    return this.#items.get(itemId) ?? 0n;
  }

  /** Applies the next event. Returns what must become of it. */
  apply(add: Add): Expected {
    const { itemId, change } = add;
    this.#applied.push({ itemId, change });
    if (change.kind === "forget") return this.forget(change);
    if (change.kind === "add") {
      const { operation, likes } = change;
      const name = operation && `${operation.client}/${operation.number}`;
      if (name !== undefined && this.#operations.has(name)) return nothing("repeated");
      if (name !== undefined) this.#operations.add(name);
      this.#gain(itemId, 1, likes);
      return { gained: likes, outcome: "counted" };
    }
    if (this.forgotten.has(change.person)) return nothing("forgotten");
    const name = `${change.person}${itemId}`;
    const before = this.#registers.get(name) ?? [0, 0, 0];
    const after = tripleOf(change.state);
    const difference = after.findIndex((value, index) => value !== before[index]);
    if (difference === -1) return nothing("same");
    if ((after[difference] ?? 0) < (before[difference] ?? 0)) return nothing("superseded");
    this.#registers.set(name, after);
    this.#gain(itemId, before[1], BigInt(-before[2]));
    this.#gain(itemId, after[1], BigInt(after[2]));
    return { gained: BigInt(after[2] - before[2]), outcome: "counted" };
  }

  /** Forgets a person. */
  forget({
    person,
    withdraw,
  }: {
    readonly person: PersonId;
    readonly withdraw: boolean;
  }): Expected {
    if (this.forgotten.has(person)) return nothing("forgotten");
    this.forgotten.add(person);
    let gained = 0n;
    for (const [name, [, reaction, likes]] of this.#registers) {
      if (!name.startsWith(person)) continue;
      const itemId = name.slice(person.length);
      this.#registers.delete(name);
      if (!withdraw) this.#kept.set(itemId, (this.#kept.get(itemId) ?? 0n) + BigInt(likes));
      else {
        this.#gain(itemId, reaction, BigInt(-likes));
        gained -= BigInt(likes);
      }
    }
    return { gained, outcome: "counted" };
  }

  /** Returns the items of a person. */
  itemsOf(person: PersonId): readonly string[] {
    const names = [...this.#registers.keys()].filter((name) => name.startsWith(person));
    return names.map((name) => name.slice(person.length));
  }

  #gain(itemId: string, reaction: number, likes: bigint): void {
    this.#items.set(itemId, this.likesOf(itemId) + likes);
    const name = `${reaction} ${itemId}`;
    this.#reactions.set(name, (this.#reactions.get(name) ?? 0n) + likes);
  }

  /** Checks an item of the ledger. */
  check(disk: LedgerDisk, itemId: string): void {
    const [found, likes] = [disk.items.get(itemId) ?? 0n, this.likesOf(itemId)];
    expect(found === likes, () => `${itemId} has ${found} likes, not ${likes}`);
    for (let reaction = 2; reaction <= REACTIONS; reaction++) {
      const counted = disk.reactionsOf(reaction).get(itemId) ?? 0n;
      const expected = this.#reactions.get(`${reaction} ${itemId}`) ?? 0n;
      const what = `${itemId} of reaction ${reaction}`;
      expect(counted === expected, () => `${what} has ${counted} likes, not ${expected}`);
    }
  }

  /**
   * Checks the ledger against the applied events in no order: of each register the greatest state,
   * of each operation one add, and the sum of all.
   */
  checkEnd(disk: LedgerDisk): void {
    const likes = new Map(this.#kept);
    const plus = (itemId: string, more: bigint) =>
      likes.set(itemId, (likes.get(itemId) ?? 0n) + more);
    for (const [itemId, more] of this.#addedOnce()) plus(itemId, more);
    const greatest = this.#greatestStates();
    for (const { itemId, state } of greatest.values()) plus(itemId, BigInt(state[2]));
    for (const { itemId } of this.#applied) if (itemId !== "") plus(itemId, 0n);
    for (const [itemId, sum] of likes) {
      const found = disk.items.get(itemId) ?? 0n;
      expect(found === sum, () => `${itemId} ends with ${found} likes, not ${sum}`);
    }
    for (const person of this.forgotten) {
      expect(disk.forgotten.has(person), () => `${person} is not forgotten`);
    }
    const { size } = disk.registers;
    expect(size === greatest.size, () => `${size} registers are kept, not ${greatest.size}`);
  }

  /** The likes of the adds; of adds with one name, of the first. */
  *#addedOnce(): Iterable<readonly [itemId: string, likes: bigint]> {
    const operations = new Set<string>();
    for (const { itemId, change } of this.#applied) {
      if (change.kind !== "add") continue;
      const { operation, likes } = change;
      const name = operation && `${operation.client}/${operation.number}`;
      if (name !== undefined && operations.has(name)) continue;
      if (name !== undefined) operations.add(name);
      yield [itemId, likes];
    }
  }

  /** The greatest state of each register of the persons who are not forgotten. */
  #greatestStates(): Map<string, { readonly itemId: string; readonly state: Triple }> {
    const greatest = new Map<string, { readonly itemId: string; readonly state: Triple }>();
    for (const { itemId, change } of this.#applied) {
      if (change.kind !== "set" || this.forgotten.has(change.person)) continue;
      const name = `${change.person}${itemId}`;
      const [state, before] = [tripleOf(change.state), greatest.get(name)?.state];
      if (before !== undefined && textOf(before) >= textOf(state)) continue;
      greatest.set(name, { itemId, state });
    }
    return greatest;
  }
}

/** Reactions that the clients of a world give. */
export const REACTIONS = 3;

function tripleOf({ revision, reaction, likes }: RegisterState): Triple {
  return [revision, reaction, likes];
}

/** Texts of states compare as the states do. */
function textOf(state: Triple): string {
  return state.map((value) => String(value).padStart(10, "0")).join(" ");
}

function nothing(outcome: EventOutcome): Expected {
  return { gained: 0n, outcome };
}
