/**
 * What a ledger has counted: likes by item and reaction, registers and operations. Each of the
 * first three is a table and an intake, whose rows still have to reach the table.
 */
import { createHash } from "node:crypto";
import { ITEM_ID_BYTES_MAX, REACTIONS_MAX } from "../limits.ts";
import { bounded, likesOf, textOf, whole } from "./audited_file.ts";
import type { AuditedFile, Row } from "./audited_file.ts";
import { CorruptStoreError } from "./corrupt_store_error.ts";
import { PSEUDONYM_BYTES } from "./like_events.ts";
import { PLAIN_LIKE } from "./tally.ts";

/** Operations that share a row, a bit each. */
const OPERATIONS_PER_BLOCK = 62;
const BITS_MAX = (1n << BigInt(OPERATIONS_PER_BLOCK)) - 1n;
const BLOCK_MAX = Math.floor((Number.MAX_SAFE_INTEGER - 1) / OPERATIONS_PER_BLOCK);

/** The tables that it reads. */
export const COUNT_TABLES: readonly string[] = [
  "items",
  "intake",
  "reactions",
  "reactions_intake",
  "registers",
  "registers_intake",
  "operations",
  "forgotten",
  "kept",
];

/** A register of the ledger. */
export interface CountedRegister {
  /** 16 bytes, which no finding may print. */
  readonly person: Uint8Array;
  readonly itemId: string;
  readonly rank: number;
}

/** A row about an item and a reaction; one of an intake may take likes back. */
export interface CountedReaction {
  readonly itemId: string;
  readonly reaction: number;
  readonly likes: bigint;
}

/** An operation that has counted. */
export interface CountedOperation {
  readonly client: Uint8Array;
  readonly number: number;
}

/** The counts of an open ledger. */
export class LedgerCounts {
  readonly #items: ReturnType<AuditedFile["query"]>;
  readonly #intake: ReturnType<AuditedFile["query"]>;
  readonly #reactions: ReturnType<AuditedFile["query"]>;
  readonly #registers: ReturnType<AuditedFile["query"]>;
  readonly #waitingRegisters: ReturnType<AuditedFile["query"]>;
  readonly #operations: ReturnType<AuditedFile["query"]>;
  readonly #kept: ReturnType<AuditedFile["query"]>;
  readonly #tombstones: ReturnType<AuditedFile["query"]>;
  readonly #salt: ReturnType<AuditedFile["query"]>;

  constructor(file: AuditedFile) {
    const item = bounded("item_id", ITEM_ID_BYTES_MAX);
    const counts = `SELECT ${item}, likes FROM`;
    this.#items = file.query(`${counts} items ORDER BY items.item_id`);
    this.#intake = file.query(`${counts} intake`);
    const reactions = `SELECT ${item}, reaction, likes FROM`;
    this.#reactions = file.query(`${reactions} reactions UNION ALL ${reactions} reactions_intake`);
    const registers = `SELECT ${bounded("person", PSEUDONYM_BYTES)}, ${item}, rank FROM`;
    this.#registers = file.query(`${registers} registers`);
    this.#waitingRegisters = file.query(`${registers} registers_intake`);
    this.#kept = file.query(`${reactions} kept`);
    this.#tombstones = file.query(`SELECT ${bounded("tombstone", PSEUDONYM_BYTES)} FROM forgotten`);
    this.#salt = file.query(`SELECT ${bounded("salt", PSEUDONYM_BYTES)} FROM ledger`);
    this.#operations = file.query(
      `SELECT ${bounded("client", PSEUDONYM_BYTES)}, block, counted FROM operations`,
    );
  }

  /**
   * Yields every item with its likes: those of its row, and those that still wait in the intake.
   * Items that have only the latter come last.
   */
  *items(): Generator<{ readonly itemId: string; readonly likes: bigint }> {
    const waiting = this.#waitingLikes();
    for (const row of this.#items.iterate()) {
      const itemId = textOf(row, "item_id");
      yield { itemId, likes: likesOf(row, "likes") + (waiting.get(itemId) ?? 0n) };
      waiting.delete(itemId);
    }
    for (const [itemId, likes] of waiting) yield { itemId, likes };
  }

  /** Returns the likes in the intake, by item. The primary bounds its rows. */
  #waitingLikes(): Map<string, bigint> {
    const waiting = new Map<string, bigint>();
    for (const row of this.#intake.iterate()) {
      const itemId = textOf(row, "item_id");
      waiting.set(itemId, (waiting.get(itemId) ?? 0n) + gainOf(row));
    }
    return waiting;
  }

  /** Yields all rows of reactions. The likes of an item and a reaction are the sum of several. */
  *reactions(): Generator<CountedReaction> {
    for (const row of this.#reactions.iterate()) {
      const reaction = whole(row, "reaction");
      if (reaction <= PLAIN_LIKE || reaction > REACTIONS_MAX) {
        throw new CorruptStoreError(`reaction is ${reaction}`);
      }
      yield { itemId: textOf(row, "item_id"), reaction, likes: gainOf(row) };
    }
  }

  /** Yields the rows of the table of registers. A greater rank may still wait. */
  *registers(): Generator<CountedRegister> {
    for (const row of this.#registers.iterate()) yield registerOf(row);
  }

  /** Yields the rows of the intake of registers, whose number the primary bounds. */
  *waitingRegisters(): Generator<CountedRegister> {
    for (const row of this.#waitingRegisters.iterate()) yield registerOf(row);
  }

  /** Yields the likes without a name that forgotten persons left, by item and reaction. */
  *kept(): Generator<CountedReaction> {
    for (const row of this.#kept.iterate()) {
      const reaction = whole(row, "reaction");
      if (reaction < PLAIN_LIKE || reaction > REACTIONS_MAX) {
        throw new CorruptStoreError(`reaction is ${reaction}`);
      }
      yield { itemId: textOf(row, "item_id"), reaction, likes: likesOf(row, "likes") };
    }
  }

  /** Returns a function that tells whether a person is forgotten. */
  forgotten(): (person: Uint8Array) => boolean {
    const tombstones = new Set<string>();
    for (const row of this.#tombstones.iterate()) {
      tombstones.add(Buffer.from(pseudonymOf(row, "tombstone")).toString("hex"));
    }
    if (tombstones.size === 0) return () => false;
    const [row = {}] = [...this.#salt.iterate()];
    const salt = pseudonymOf(row, "salt");
    return (person) => {
      const digest = createHash("sha256").update(salt).update(person).digest("hex");
      return tombstones.has(digest.slice(0, 2 * PSEUDONYM_BYTES));
    };
  }

  *operations(): Generator<CountedOperation> {
    for (const row of this.#operations.iterate()) {
      const client = pseudonymOf(row, "client");
      const block = whole(row, "block");
      let bits = likesOf(row, "counted");
      if (bits === 0n || bits > BITS_MAX) throw new CorruptStoreError(`counted is ${bits}`);
      if (block > BLOCK_MAX) throw new CorruptStoreError(`block is ${block}`);
      for (let number = block * OPERATIONS_PER_BLOCK + 1; bits > 0n; number++) {
        if ((bits & 1n) === 1n) yield { client, number };
        bits >>= 1n;
      }
    }
  }
}

function registerOf(row: Row): CountedRegister {
  const person = pseudonymOf(row, "person");
  return { person, itemId: textOf(row, "item_id"), rank: whole(row, "rank") };
}

/** Returns the likes of a row that may take likes back. Throws CorruptStoreError. */
function gainOf(row: Row): bigint {
  const { likes } = row;
  if (typeof likes === "bigint") return likes;
  throw new CorruptStoreError(`likes is a ${typeof likes}`);
}

/** Returns a column of 16 bytes. Throws CorruptStoreError, without the bytes. */
function pseudonymOf(row: Row, column: string): Uint8Array {
  const value = row[column];
  if (value instanceof Uint8Array && value.length === PSEUDONYM_BYTES) return value;
  throw new CorruptStoreError(`${column} is not ${PSEUDONYM_BYTES} bytes`);
}
