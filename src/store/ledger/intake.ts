/**
 * The intake of a ledger: likes that are committed, and not yet in the table of items.
 *
 * Among many items, each like of a commit lands on pages of its own: the item's row, its old place
 * in the ranking and its new one. A commit therefore appends its likes to the intake, as a run that
 * is sorted by item. Folding moves rows from the intake to the items, in the order of the ids, so
 * that a written page takes the likes of many commits.
 *
 * A fold moves the rows of a range of ids in one transaction. The likes of an item are its row plus
 * its rows in the intake, before and after each fold, so a crash between two folds leaves nothing to
 * repair.
 */
import { RUN_ROWS_MAX } from "../../limits.ts";
import type { Database } from "../sqlite/sqlite.ts";
import { integerOf } from "../sqlite/stored_integer.ts";

/** Greater than every item id: SQLite sorts bytes after text. */
const AFTER_ALL = new Uint8Array(0);

/** Names all runs `runs`, found by one search each, and then a NULL. */
export const RUNS =
  "WITH RECURSIVE runs (run) AS MATERIALIZED (SELECT min(run) FROM intake " +
  "UNION ALL SELECT (SELECT min(run) FROM intake WHERE run > runs.run) FROM runs WHERE run IS NOT NULL) ";
/** The rows of all runs in a range of ids. CROSS JOIN makes SQLite search each run by its ids. */
const RANGE = "runs CROSS JOIN intake USING (run) WHERE item_id > @after AND item_id <= @upTo";

/** A range of item ids: after the first, and up to the second. */
interface IdRange {
  readonly after: string;
  readonly upTo: string | Uint8Array;
}

/** A fold: its rows, its last id, and whether the intake is empty after it. */
interface Fold {
  readonly rows: number;
  readonly upTo: string;
  readonly isEmpty: boolean;
}

/** The statements of the intake. */
function prepare(database: Database) {
  return {
    runs: database.prepare<[], bigint>(`${RUNS} SELECT count(run) FROM runs`).pluck(),
    newest: database.prepare<[], bigint | null>("SELECT max(run) FROM intake").pluck(),
    rows: database.prepare<[], bigint>("SELECT count(*) FROM intake").pluck(),
    isEmpty: database.prepare<[], bigint>("SELECT NOT EXISTS (SELECT 1 FROM intake)").pluck(),
    append: database.prepare<[{ run: number; likes: string }]>(
      "INSERT INTO intake (run, item_id, likes) SELECT @run, key, value FROM json_each(@likes) " +
        "WHERE true ORDER BY key " +
        "ON CONFLICT (run, item_id) DO UPDATE SET likes = likes + excluded.likes",
    ),
    // The least of the ids that end `rows` rows of their run: no run has more rows up to it.
    upTo: database
      .prepare<[{ after: string; rows: number }], string | null>(
        `${RUNS} SELECT min((SELECT item_id FROM intake WHERE run = runs.run AND item_id > @after ` +
          "ORDER BY item_id LIMIT 1 OFFSET @rows - 1)) FROM runs",
      )
      .pluck(),
    move: database.prepare<[IdRange]>(
      `${RUNS} INSERT INTO items (item_id, likes) SELECT item_id, sum(intake.likes) FROM ${RANGE} ` +
        "GROUP BY item_id ORDER BY item_id " +
        "ON CONFLICT (item_id) DO UPDATE SET likes = likes + excluded.likes",
    ),
    remove: database.prepare<[IdRange]>(
      `${RUNS} DELETE FROM intake WHERE run IN (SELECT run FROM runs WHERE run IS NOT NULL) ` +
        "AND item_id > @after AND item_id <= @upTo",
    ),
    removed: database.prepare<[], bigint>("SELECT changes()").pluck(),
  };
}

/** The intake of an open ledger. `append` and `fold` run inside the caller's transaction. */
export class Intake {
  readonly #statements: ReturnType<typeof prepare>;
  /** The run that takes the next likes, and the rows that were written to it. */
  #run: number;
  #runRows = 0;
  /** At least the number of rows: a row that was written twice counts twice. */
  #rows: number;
  /** The last id that was folded. The next fold goes on after it, and begins anew at the end. */
  #folded = "";

  constructor(database: Database) {
    this.#statements = prepare(database);
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

  /** Adds the gains of one commit. */
  append(likes: ReadonlyMap<string, bigint>): void {
    if (this.#runRows >= RUN_ROWS_MAX) {
      this.#run++;
      this.#runRows = 0;
    }
    this.#statements.append.run({ run: this.#run, likes: jsonOf(likes) });
    this.#runRows += likes.size;
    this.#rows += likes.size;
  }

  /**
   * Moves about `rows` rows to the items, or all that are there. Returns what `folded` has to know.
   * One range may hold few of them: items whose ids grow with time are in few runs each.
   */
  fold(rows: number): Fold {
    let fold: Fold = { rows: 0, upTo: this.#folded, isEmpty: this.isEmpty };
    while (fold.rows < rows && !fold.isEmpty) {
      const range = this.#foldRange(fold.upTo, rows - fold.rows);
      fold = { ...range, rows: fold.rows + range.rows };
    }
    return fold;
  }

  /** Moves the rows of a range of ids after `after`, at most some `rows`. */
  #foldRange(after: string, rows: number): Fold {
    const { runs, upTo, move, remove, removed } = this.#statements;
    const rowsOfRun = Math.ceil(rows / Math.max(1, integerOf(runs.get() ?? 0n)));
    const end = upTo.get({ after, rows: rowsOfRun }) ?? undefined;
    const range = { after, upTo: end ?? AFTER_ALL };
    move.run(range);
    remove.run(range);
    return { rows: integerOf(removed.get() ?? 0n), upTo: end ?? "", isEmpty: this.isEmpty };
  }

  /** A fold is committed. */
  folded({ rows, upTo, isEmpty }: Fold): void {
    this.#rows = isEmpty ? 0 : Math.max(0, this.#rows - rows);
    this.#folded = upTo;
  }
}

/** Returns an object of JSON, which SQLite reads with whole numbers of 64 bits. */
function jsonOf(likes: ReadonlyMap<string, bigint>): string {
  const members: string[] = [];
  for (const [itemId, gained] of likes) members.push(`${JSON.stringify(itemId)}:${gained}`);
  return `{${members.join(",")}}`;
}
