/**
 * An intake: rows of a table that are committed, and not yet in the table.
 *
 * In a large table, each row of a commit lands on a page of its own; an item has two more in the
 * ranking. A commit therefore appends its rows to the intake, as a run that is sorted by key.
 * Folding moves rows from the intake to the table, in the order of the keys, so that a written page
 * takes the rows of many commits.
 *
 * A fold moves the rows of a range of keys in one transaction. The value of a key is its row in the
 * table merged with its rows in the intake, before and after each fold, so a crash between two folds
 * leaves nothing to repair.
 */
import { RUN_ROWS_MAX } from "../../limits.ts";
import type { Database } from "../sqlite/sqlite.ts";
import { integerOf } from "../sqlite/stored_integer.ts";

/** A table with an intake. */
export interface FoldedTable {
  readonly table: string;
  readonly intake: string;
  /** The columns of the key. Folding goes through the values of the first one. */
  readonly key: readonly [string, ...string[]];
  /** The key's columns, of the text `key` that names a row that is appended. */
  readonly keyOfText: string;
  readonly value: string;
  /** How the values of one key merge. */
  readonly merge: "sum" | "max";
  /** Greater than every value of the key's first column. SQLite sorts bytes after text. */
  readonly afterAll: Uint8Array;
}

/** Likes by item. */
export const ITEMS: FoldedTable = {
  table: "items",
  intake: "intake",
  key: ["item_id"],
  keyOfText: "key",
  value: "likes",
  merge: "sum",
  afterAll: new Uint8Array(0),
};

/** Likes by item and reaction. The text is the reaction, a blank and the item id. */
export const REACTIONS: FoldedTable = {
  table: "reactions",
  intake: "reactions_intake",
  key: ["item_id", "reaction"],
  keyOfText:
    "substr(key, instr(key, ' ') + 1), CAST(substr(key, 1, instr(key, ' ') - 1) AS INTEGER)",
  value: "likes",
  merge: "sum",
  afterAll: new Uint8Array(0),
};

/** Registers. The text is a RegisterKey. */
export const REGISTERS: FoldedTable = {
  table: "registers",
  intake: "registers_intake",
  key: ["person", "item_id"],
  keyOfText: "unhex(substr(key, 1, 32)), substr(key, 33)",
  value: "rank",
  merge: "max",
  afterAll: new Uint8Array(17).fill(0xff), // a person has 16 bytes
};

/** Returns the common table `runs`: all runs of an intake, found by one search each, and a NULL. */
export function runsOf({ intake }: FoldedTable): string {
  return (
    `WITH RECURSIVE runs (run) AS MATERIALIZED (SELECT min(run) FROM ${intake} UNION ALL ` +
    `SELECT (SELECT min(run) FROM ${intake} WHERE run > runs.run) FROM runs WHERE run IS NOT NULL) `
  );
}

/** A value of a key's first column. The empty text comes before all. */
type Key = string | Uint8Array;

/** A range of keys: after the first, and up to the second. */
interface KeyRange {
  readonly after: Key;
  readonly upTo: Key;
}

/** A fold: its rows, its last key, whether it came to the last key of all, and to the last row. */
interface Fold {
  readonly rows: number;
  readonly upTo: Key;
  readonly hasSwept: boolean;
  readonly isEmpty: boolean;
}

/** The statements of an intake. */
function prepare(database: Database, of: FoldedTable) {
  const { table, intake, value } = of;
  const [first] = of.key;
  const key = of.key.join(", ");
  const merged =
    of.merge === "sum" ? `${value} + excluded.${value}` : `max(${value}, excluded.${value})`;
  const runs = runsOf(of);
  // The rows of all runs in a range. CROSS JOIN makes SQLite search each run by its keys.
  const range = `runs CROSS JOIN ${intake} USING (run) WHERE ${first} > @after AND ${first} <= @upTo`;
  return {
    runs: database.prepare<[], bigint>(`${runs} SELECT count(run) FROM runs`).pluck(),
    newest: database.prepare<[], bigint | null>(`SELECT max(run) FROM ${intake}`).pluck(),
    rows: database.prepare<[], bigint>(`SELECT count(*) FROM ${intake}`).pluck(),
    isEmpty: database.prepare<[], bigint>(`SELECT NOT EXISTS (SELECT 1 FROM ${intake})`).pluck(),
    append: database.prepare<[{ run: number; rows: string }]>(
      `INSERT INTO ${intake} (run, ${key}, ${value}) SELECT @run, ${of.keyOfText}, value ` +
        "FROM json_each(@rows) WHERE true ORDER BY key " +
        `ON CONFLICT (run, ${key}) DO UPDATE SET ${value} = ${merged}`,
    ),
    // The least of the keys that end `rows` rows of their run: no run has more rows up to it.
    upTo: database
      .prepare<[{ after: Key; rows: number }], Key | null>(
        `${runs} SELECT min((SELECT ${first} FROM ${intake} WHERE run = runs.run AND ` +
          `${first} > @after ORDER BY ${first} LIMIT 1 OFFSET @rows - 1)) FROM runs`,
      )
      .pluck(),
    move: database.prepare<[KeyRange]>(
      `${runs} INSERT INTO ${table} (${key}, ${value}) ` +
        `SELECT ${key}, ${of.merge}(${intake}.${value}) FROM ${range} ` +
        `GROUP BY ${key} ORDER BY ${key} ON CONFLICT (${key}) DO UPDATE SET ${value} = ${merged}`,
    ),
    remove: database.prepare<[KeyRange]>(
      `${runs} DELETE FROM ${intake} WHERE run IN (SELECT run FROM runs WHERE run IS NOT NULL) ` +
        `AND ${first} > @after AND ${first} <= @upTo`,
    ),
    removed: database.prepare<[], bigint>("SELECT changes()").pluck(),
  };
}

/** The intake of an open ledger's table. `append` and `fold` run inside the caller's transaction. */
export class Intake {
  readonly #statements: ReturnType<typeof prepare>;
  readonly #afterAll: Uint8Array;
  /** The run that takes the next rows, and the rows that were written to it. */
  #run: number;
  #runRows = 0;
  /** At least the number of rows: a row that was written twice counts twice. */
  #rows: number;
  /** The last key that was folded. The next fold goes on after it, and begins anew at the end. */
  #folded: Key = "";

  constructor(database: Database, of: FoldedTable) {
    this.#statements = prepare(database, of);
    this.#afterAll = of.afterAll;
    const { newest, rows } = this.#statements;
    this.#run = integerOf(newest.get() ?? 0n) + 1;
    this.#rows = integerOf(rows.get() ?? 0n);
  }

  /** At least the number of rows. */
  get rows(): number {
    return this.#rows;
  }

  get isEmpty(): boolean {
    return this.#statements.isEmpty.get() === 1n;
  }

  /** Adds the rows of one commit: the text of each key, and its value. */
  append(rows: Iterable<readonly [string, bigint | number]>): void {
    const members: string[] = [];
    for (const [key, value] of rows) members.push(`${JSON.stringify(key)}:${value}`);
    if (members.length === 0) return;
    if (this.#runRows >= RUN_ROWS_MAX) {
      this.#run++;
      this.#runRows = 0;
    }
    // SQLite reads the whole numbers of JSON with 64 bits.
    this.#statements.append.run({ run: this.#run, rows: `{${members.join(",")}}` });
    this.#runRows += members.length;
    this.#rows += members.length;
  }

  /**
   * Moves about `rows` rows to the table, or all that are there. Returns what `folded` has to know.
   * One range may hold few of them: keys that grow with time are in few runs each.
   */
  fold(rows: number): Fold {
    let fold: Fold = { rows: 0, upTo: this.#folded, hasSwept: false, isEmpty: this.isEmpty };
    while (fold.rows < rows && !fold.isEmpty) {
      const range = this.#foldRange(fold.upTo, rows - fold.rows);
      const hasSwept = fold.hasSwept || range.hasSwept;
      fold = { ...range, rows: fold.rows + range.rows, hasSwept };
    }
    return fold;
  }

  /** Moves the rows of a range of keys after `after`, at most some `rows`. */
  #foldRange(after: Key, rows: number): Fold {
    const { runs, upTo, move, remove, removed } = this.#statements;
    const rowsOfRun = Math.ceil(rows / Math.max(1, integerOf(runs.get() ?? 0n)));
    const end = upTo.get({ after, rows: rowsOfRun }) ?? undefined;
    const range = { after, upTo: end ?? this.#afterAll };
    move.run(range);
    remove.run(range);
    const moved = integerOf(removed.get() ?? 0n);
    return { rows: moved, upTo: end ?? "", hasSwept: end === undefined, isEmpty: this.isEmpty };
  }

  /** A fold is committed. */
  folded({ rows, upTo, isEmpty }: Fold): void {
    this.#rows = isEmpty ? 0 : Math.max(0, this.#rows - rows);
    this.#folded = upTo;
  }
}
