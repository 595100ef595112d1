/** The counts of a ledger, as the roles keep them: a model that applies events one by one. */
import type { Change } from "../../src/core/protocol/like_event.ts";
import { placeOf } from "../../src/core/protocol/operation.ts";
import type { OperationPlace } from "../../src/core/protocol/operation.ts";
import { rankOf, registerKey, stateOf } from "../../src/core/protocol/register.ts";
import type { RegisterKey } from "../../src/core/protocol/register.ts";
import type { Database } from "../../src/store/sqlite/sqlite.ts";

/** The counts of one ledger. */
export class LedgerModel {
  readonly #items = new Map<string, bigint>();
  /** By reaction and item id. */
  readonly #reactions = new Map<string, bigint>();
  readonly #registers = new Map<RegisterKey, number>();
  /** By client and block. */
  readonly #operations = new Map<string, OperationPlace>();

  get total(): bigint {
    return [...this.#items.values()].reduce((sum, likes) => sum + likes, 0n);
  }

  /** Applies a change to an item. Returns the likes that an add counted. */
  apply(itemId: string, change: Change): bigint {
    if (change.kind === "add") {
      if (change.operation !== undefined && !this.#count(placeOf(change.operation))) return 0n;
      this.#add(itemId, change.likes, 1);
      return change.likes;
    }
    if (change.kind === "forget") throw new Error("the model forgets no person");
    const key = registerKey(change.person, itemId);
    const [before, after] = [this.#registers.get(key) ?? 0, rankOf(change.state)];
    if (after <= before) return 0n;
    this.#registers.set(key, after);
    const replaced = stateOf(before);
    this.#add(itemId, -BigInt(replaced.likes), replaced.reaction);
    this.#add(itemId, BigInt(change.state.likes), change.state.reaction);
    return 0n;
  }

  /** Writes all rows. */
  write(database: Database): void {
    const addItem = database.prepare("INSERT INTO items VALUES (?, ?)");
    for (const item of this.#items) addItem.run(...item);
    const addReaction = database.prepare("INSERT INTO reactions VALUES (?, ?, ?)");
    for (const [key, likes] of this.#reactions) {
      const at = key.indexOf(" ");
      addReaction.run(key.slice(at + 1), Number(key.slice(0, at)), likes);
    }
    const addRegister = database.prepare("INSERT INTO registers VALUES (unhex(?), ?, ?)");
    for (const [key, rank] of this.#registers)
      addRegister.run(key.slice(0, 32), key.slice(32), rank);
    const addOperations = database.prepare("INSERT INTO operations VALUES (unhex(?), ?, ?)");
    for (const { client, block, bit } of this.#operations.values()) {
      addOperations.run(client, block, bit);
    }
  }

  #add(itemId: string, likes: bigint, reaction: number): void {
    this.#items.set(itemId, (this.#items.get(itemId) ?? 0n) + likes);
    if (reaction < 2) return;
    const key = `${reaction} ${itemId}`;
    this.#reactions.set(key, (this.#reactions.get(key) ?? 0n) + likes);
  }

  /** Counts an operation. Returns false when it has counted before. */
  #count({ client, block, bit }: OperationPlace): boolean {
    const key = `${client} ${block}`;
    const counted = this.#operations.get(key)?.bit ?? 0n;
    if ((counted & bit) !== 0n) return false;
    this.#operations.set(key, { client, block, bit: counted | bit });
    return true;
  }
}
