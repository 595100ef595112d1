/**
 * The intakes of a ledger: of items, of their reactions and of registers. A commit appends to all of
 * them, and a fold moves rows of the fullest.
 */
import type { PersonId } from "../../core/protocol/ids.ts";
import type { RegisterKey } from "../../core/protocol/register.ts";
import type { WriteSet } from "../../core/ledger/ledger_transaction.ts";
import type { Database } from "../sqlite/sqlite.ts";
import { Intake, ITEMS, REACTIONS, REGISTERS, runsOf } from "./intake.ts";
import { RecentKeys } from "./recent_keys.ts";

/** A fold that is to be committed. */
export interface PendingFold {
  readonly rows: number;
  /** The fold is committed. */
  readonly committed: () => void;
}

interface StoredRegister {
  readonly item_id: string;
  readonly rank: bigint;
}

/** The statements of registers. */
function prepare(database: Database) {
  const key = "person = unhex(substr(value, 1, 32)) AND item_id = substr(value, 33)";
  const folded = `(SELECT rank FROM registers WHERE ${key})`;
  const waiting = `(SELECT max(rank) FROM runs CROSS JOIN registers_intake USING (run) WHERE ${key})`;
  const each = "FROM json_each(?) ORDER BY key";
  return {
    ranks: database.prepare<[string], bigint>(`SELECT coalesce(${folded}, 0) ${each}`).pluck(),
    recentRanks: database
      .prepare<[string], bigint>(
        `${runsOf(REGISTERS)} SELECT max(coalesce(${folded}, 0), coalesce(${waiting}, 0)) ${each}`,
      )
      .pluck(),
    registersOf: database.prepare<[{ person: string }], StoredRegister>(
      `${runsOf(REGISTERS)} SELECT item_id, max(rank) AS rank FROM (` +
        "SELECT item_id, rank FROM registers WHERE person = unhex(@person) UNION ALL " +
        "SELECT item_id, rank FROM runs CROSS JOIN registers_intake USING (run) " +
        "WHERE person = unhex(@person)) GROUP BY item_id",
    ),
    forget: database.prepare<[string]>("DELETE FROM registers WHERE person = unhex(?)"),
    forgetRecent: database.prepare<[string]>(
      `${runsOf(REGISTERS)} DELETE FROM registers_intake WHERE run IN ` +
        "(SELECT run FROM runs WHERE run IS NOT NULL) AND person = unhex(?)",
    ),
    recent: database
      .prepare<[], string>("SELECT lower(hex(person)) || item_id FROM registers_intake")
      .pluck(),
  };
}

/** The intakes of an open ledger. `append` and `fold` run inside the caller's transaction. */
export class LedgerIntakes {
  readonly #statements: ReturnType<typeof prepare>;
  readonly #items: Intake;
  readonly #reactions: Intake;
  readonly #registers: Intake;
  readonly #recent = new RecentKeys();

  constructor(database: Database) {
    this.#statements = prepare(database);
    this.#items = new Intake(database, ITEMS);
    this.#reactions = new Intake(database, REACTIONS);
    this.#registers = new Intake(database, REGISTERS);
    for (const key of this.#statements.recent.iterate()) this.#recent.add(key);
  }

  /** At least the number of rows. */
  get rows(): number {
    return this.#all.reduce((sum, { rows }) => sum + rows, 0);
  }

  get isEmpty(): boolean {
    return this.#all.every(({ isEmpty }) => isEmpty);
  }

  /** Whether the table of items has all likes. */
  get hasAllLikes(): boolean {
    return this.#items.isEmpty;
  }

  get #all(): readonly Intake[] {
    return [this.#items, this.#reactions, this.#registers];
  }

  /** Adds what one commit set. */
  append({ likes, reactions, registers }: WriteSet): void {
    this.#items.append(likes);
    for (const [reaction, gains] of reactions) {
      this.#reactions.append([...gains].map(([id, gained]) => [`${reaction} ${id}`, gained]));
    }
    this.#registers.append(registers);
    for (const key of registers.keys()) this.#recent.add(key);
  }

  /** Moves about `rows` rows of the fullest intake to its table, or all that are there. */
  fold(rows: number): PendingFold {
    const waiting = this.#all.filter(({ isEmpty }) => !isEmpty);
    const fullest = (one: Intake, other: Intake) => (other.rows > one.rows ? other : one);
    const intake = waiting.reduce(fullest, waiting[0] ?? this.#items);
    const fold = intake.fold(rows);
    return {
      rows: fold.rows,
      committed: () => {
        intake.folded(fold);
        if (fold.hasSwept && intake === this.#registers) this.#recent.swept();
      },
    };
  }

  /** Returns the registers of a person, with their ranks. */
  registersOf(person: PersonId): readonly (readonly [itemId: string, rank: number])[] {
    const rows = this.#statements.registersOf.all({ person });
    return rows.map(({ item_id: itemId, rank }) => [itemId, Number(rank)]);
  }

  /** Deletes the registers of a person. */
  forget(person: PersonId): void {
    this.#statements.forget.run(person);
    this.#statements.forgetRecent.run(person);
  }

  /** Returns the rank of each register, in the order of `keys`. */
  ranksOf(keys: readonly RegisterKey[]): readonly number[] {
    const ranks = this.#statements.ranks.all(JSON.stringify(keys)).map(Number);
    if (this.#registers.rows === 0) return ranks;
    const recent = keys.flatMap((key, index) => (this.#recent.mayHave(key) ? [index] : []));
    if (recent.length === 0) return ranks;
    const found = this.#statements.recentRanks.all(
      JSON.stringify(recent.map((index) => keys[index])),
    );
    for (const [at, index] of recent.entries()) ranks[index] = Number(found[at] ?? 0n);
    return ranks;
  }
}
