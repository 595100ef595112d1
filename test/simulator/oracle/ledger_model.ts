/**
 * What a ledger must hold after some events, in the order of their application: a model with code of
 * its own. Its end is checked once more without any order (checkEnd).
 */
import type { EventOutcome } from "../../../src/core/ledger/ledger_command.ts";
import type { RegisterState } from "../../../src/core/protocol/register.ts";
import type { LedgerDisk } from "../../../src/store/ledger/memory_ledger.ts";
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
  readonly #applied: Add[] = [];

  fork(): LedgerModel {
    const copy = new LedgerModel();
    for (const [key, likes] of this.#items) copy.#items.set(key, likes);
    for (const [key, likes] of this.#reactions) copy.#reactions.set(key, likes);
    for (const [key, state] of this.#registers) copy.#registers.set(key, state);
    for (const key of this.#operations) copy.#operations.add(key);
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
    this.#applied.push(add);
    const { itemId, change } = add;
    if (!this.#items.has(itemId)) this.#items.set(itemId, 0n);
    if (change.kind === "add") {
      const { operation, likes } = change;
      const name = operation && `${operation.client}/${operation.number}`;
      if (name !== undefined && this.#operations.has(name)) return nothing("repeated");
      if (name !== undefined) this.#operations.add(name);
      this.#gain(itemId, 1, likes);
      return { gained: likes, outcome: "counted" };
    }
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
    const likes = new Map<string, bigint>();
    const greatest = new Map<string, { readonly itemId: string; readonly state: Triple }>();
    const operations = new Set<string>();
    for (const { itemId, change } of this.#applied) {
      if (change.kind === "set") {
        const name = `${change.person}${itemId}`;
        const states = [tripleOf(change.state), greatest.get(name)?.state ?? tripleOf(NOTHING)];
        const [state = tripleOf(NOTHING)] = states.toSorted((a, b) =>
          textOf(b).localeCompare(textOf(a)),
        );
        greatest.set(name, { itemId, state });
        continue;
      }
      const { operation } = change;
      const name = operation && `${operation.client}/${operation.number}`;
      const isRepeated = name !== undefined && operations.has(name);
      if (name !== undefined) operations.add(name);
      likes.set(itemId, (likes.get(itemId) ?? 0n) + (isRepeated ? 0n : change.likes));
    }
    for (const { itemId, state } of greatest.values()) {
      likes.set(itemId, (likes.get(itemId) ?? 0n) + BigInt(state[2]));
    }
    for (const [itemId, sum] of likes) {
      const found = disk.items.get(itemId) ?? 0n;
      expect(found === sum, () => `${itemId} ends with ${found} likes, not ${sum}`);
    }
    const { size } = disk.registers;
    expect(size === greatest.size, () => `${size} registers are kept, not ${greatest.size}`);
  }
}

/** Reactions that the clients of a world give. */
export const REACTIONS = 3;

const NOTHING: RegisterState = { revision: 0, reaction: 0, likes: 0 };

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
