/** The primary's ledger in SQLite: `<folder>/ledger.sqlite`. */
import { join } from "node:path";
import { assert } from "../../assert.ts";
import type {
  CommitOutcome,
  CountsRead,
  CountsReadOutcome,
  CountsSelection,
  LedgerSnapshot,
  LedgerStore,
  OpeningEnd,
  ReadBeside,
  ReadOutcome,
} from "../../core/ledger/ledger.ts";
import type { LedgerNeed } from "../../core/ledger/ledger_needs.ts";
import type { LedgerTransaction, WriteSet } from "../../core/ledger/ledger_transaction.ts";
import { Loaded } from "../../core/ledger/loaded_rows.ts";
import { NEW_LEDGER } from "../../core/ledger/rows.ts";
import type { ForgottenPerson } from "../../core/ledger/rows.ts";
import type { ItemCount } from "../../core/protocol/counts.ts";
import type { GenerationId, LedgerId } from "../../core/protocol/ids.ts";
import { stateOf } from "../../core/protocol/register.ts";
import { LikesError } from "../../errors.ts";
import { openSqliteFile } from "../sqlite/sqlite_file.ts";
import type { SqliteFile, SqliteOptions } from "../sqlite/sqlite_file.ts";
import { pragma } from "../sqlite/sqlite_kind.ts";
import { FORGOTTEN_FILE } from "../shared_files.ts";
import { storedInteger } from "../sqlite/stored_integer.ts";
import {
  incarnationOf,
  itemOf,
  memberOf,
  metaOf,
  reactionsByItem,
  timeIfAny,
  troubleOf,
} from "./ledger_columns.ts";
import { Folding } from "./folding.ts";
import type { FoldOutcome, Foldable } from "./folding.ts";
import { LedgerIntakes } from "./ledger_intakes.ts";
import { LEDGER_KIND, prepareLedger } from "./ledger_tables.ts";
import type { LedgerStatements } from "./ledger_tables.ts";
import { SqliteLedgerRows } from "./sqlite_ledger_rows.ts";
import { Tombstones } from "./tombstones.ts";
import { CLOSED, transactInSteps } from "./transact_in_steps.ts";
import type { LoadedAt, StepStore } from "./transact_in_steps.ts";

/** Options for opening a ledger. */
export interface LedgerOptions extends SqliteOptions {
  /** The path of the list of forgotten persons; by default it is in the ledger's folder. */
  readonly forgottenList?: string;
}

/**
 * Opens the ledger in `folder` for this process alone. The opening is a new generation, which is
 * synced before this returns. A new ledger gets the id `ledgerIdIfNew`. `nowUnixMs` is stored for
 * people to read. Throws LikesError `store_locked`, `store_busy`, `store_older`, `store_newer`,
 * `store_unusable` or `disk_full`.
 */
export function openSqliteLedger(
  folder: string,
  ids: { readonly ledgerIdIfNew: LedgerId; readonly generation: GenerationId },
  nowUnixMs: number,
  options: LedgerOptions = {},
): SqliteLedger {
  const file = openSqliteFile(folder, LEDGER_KIND, {
    create: (database) => {
      const { version, totalLikes, totalVersion, asOfMs } = NEW_LEDGER;
      database
        .prepare(
          "INSERT INTO ledger (one, ledger_id, version, total_likes, total_version, as_of_ms, salt) " +
            "VALUES (1, ?, ?, ?, ?, ?, randomblob(16))",
        )
        .run(ids.ledgerIdIfNew, version, totalLikes, totalVersion, asOfMs);
    },
    options,
  });
  return file.whileOpening(() => {
    const { forgottenList = join(folder, FORGOTTEN_FILE) } = options;
    const ledger = new SqliteLedger(file, ids.generation, forgottenList);
    ledger.mintGeneration(nowUnixMs);
    ledger.beginFolding();
    return ledger;
  });
}

/** An open ledger. */
export class SqliteLedger implements LedgerStore, StepStore, Foldable {
  readonly #file: SqliteFile;
  readonly #generation: GenerationId;
  readonly #statements: LedgerStatements;
  readonly #rows: SqliteLedgerRows;
  readonly #intakes: LedgerIntakes;
  readonly #tombstones: Tombstones;
  readonly #folding: Folding;
  #toForget: readonly ForgottenPerson[] = [];
  #isClosed = false;
  #pages = 0;

  /** Takes ownership of `file`, a database of LEDGER_KIND. The caller mints the generation next. */
  constructor(file: SqliteFile, generation: GenerationId, forgottenList: string) {
    this.#file = file;
    this.#generation = generation;
    this.#statements = prepareLedger(file.database);
    this.#intakes = new LedgerIntakes(file.database);
    this.#tombstones = new Tombstones(file.database, forgottenList);
    this.#rows = new SqliteLedgerRows(this.#statements, this.#intakes, this.#tombstones);
    this.#folding = new Folding(this);
  }

  /** Records the generation of this opening. The version does not change. */
  mintGeneration(nowUnixMs: number): void {
    const { meta, generation, mintGeneration } = this.#statements;
    this.#file.database.transaction(() => {
      assert(generation.get(this.#generation) === undefined, "a generation is minted once");
      const { version } = metaOf(meta.get());
      mintGeneration.run(this.#generation, version + 1, storedInteger(nowUnixMs));
      this.#toForget = this.#tombstones.reconcile();
    });
  }

  /** Folds what an earlier opening has left, in the first pause. */
  beginFolding(): void {
    this.#folding.opened();
  }

  async load(): Promise<LedgerSnapshot> {
    const { ledgerId, meta, members, troubles, copiedMs } = this.#statements;
    return this.#file.read(() => {
      const id = ledgerId.get();
      assert(id !== undefined, "the ledger has its own row");
      return {
        ledgerId: id,
        generation: this.#generation,
        meta: metaOf(meta.get()),
        copiedMs: timeIfAny(copiedMs.get()),
        members: members.all().map(memberOf),
        troubles: troubles.all().map(troubleOf),
        toForget: this.#toForget,
      };
    });
  }

  transact<T>(
    needs: readonly LedgerNeed[],
    work: (ledger: LedgerTransaction) => T,
  ): Promise<CommitOutcome<T>> {
    return transactInSteps(this, needs, work);
  }

  async loadRows(needs: readonly LedgerNeed[]): Promise<ReadOutcome<LoadedAt>> {
    try {
      return this.#file.read(() => {
        const changes = this.#file.foreignChanges; // first: a later change may be in what is read
        if (this.#isSuperseded) return this.#superseded();
        const loaded = new Loaded(this.#rows.head);
        for (const need of needs) this.#rows.load(loaded, need);
        const { head, entries } = loaded;
        return { type: "done", value: { head, entries, changes } };
      });
    } catch (error) {
      return inDoubt(error);
    }
  }

  async writeSet(set: WriteSet, changes: bigint): Promise<CommitOutcome<boolean>> {
    try {
      const outcome = this.#file.transact(() => {
        // A newer opening has written its generation, too.
        const isCurrent = this.#file.foreignChanges === changes;
        if (isCurrent) this.#write(set);
        return { value: isCurrent, changed: isCurrent };
      });
      if (set.forgotten.length > 0) this.#erase(outcome);
      const rows = rowsOf(set);
      if (rows > 0) this.#folding.committed(rows);
      return outcome;
    } catch (error) {
      return inDoubt(error);
    }
  }

  /** Persons were forgotten, if that was committed: the list has them before anyone is told. */
  #erase(outcome: CommitOutcome<boolean>): void {
    if (outcome.type !== "done" || !outcome.value) return this.#tombstones.rolledBack();
    this.#file.sync(() => this.#tombstones.committed());
    this.#file.emptyLog();
  }

  #write(set: WriteSet): void {
    this.#rows.write(set);
    if (rowsOf(set) === 0) return; // as of most pulses
    this.#pages = Number(pragma(this.#file.database, "page_count"));
  }

  /** A page waits until the intake is folded, because only the items are ranked. */
  async counts(selection: CountsSelection, beside: ReadBeside): Promise<CountsReadOutcome> {
    try {
      for (;;) {
        const failure = selection.type === "page" ? await this.#folding.foldAll() : undefined;
        if (failure !== undefined) return { type: failure };
        if (this.#isClosed) return CLOSED;
        const outcome = this.#file.read(() => this.#readCounts(selection, beside));
        if (outcome !== undefined) return outcome;
      }
    } catch (error) {
      return inDoubt(error);
    }
  }

  /** Returns undefined when a page cannot be read, because a commit came in between. */
  #readCounts(selection: CountsSelection, beside: ReadBeside): ReadOutcome<CountsRead> | undefined {
    if (this.#isSuperseded) return this.#superseded();
    if (selection.type === "page" && !this.#intakes.hasAllLikes) return undefined;
    return { type: "done", value: this.#counts(selection, beside) };
  }

  #counts(selection: CountsSelection, { incarnations, registers }: ReadBeside): CountsRead {
    const { meta, incarnation } = this.#statements;
    const counts =
      selection.type === "named" ? this.#named(selection.itemIds) : this.#page(selection);
    return {
      meta: metaOf(meta.get()),
      counts: this.#withReactions(counts),
      registers: this.#intakes.ranksOf(registers).map(stateOf),
      applied: incarnations.map((id) => {
        const row = incarnation.get(id);
        const appliedSequence = row === undefined ? 0 : incarnationOf(row).appliedSequence;
        return { incarnation: id, appliedSequence };
      }),
    };
  }

  #withReactions(counts: readonly ItemCount[]): readonly ItemCount[] {
    const items = JSON.stringify(counts.map(({ itemId }) => itemId));
    const reactions = reactionsByItem(this.#statements.reactions.all({ items }));
    return counts.map((count) => {
      const found = reactions.get(count.itemId);
      return found === undefined ? count : { ...count, reactions: found };
    });
  }

  #named(itemIds: readonly string[]): readonly ItemCount[] {
    return this.#statements.named.all(JSON.stringify(itemIds)).map(itemOf);
  }

  #page({ order, after, limit }: Extract<CountsSelection, { type: "page" }>): readonly ItemCount[] {
    const { mostLiked, equallyLiked, lessLiked, itemsAfter } = this.#statements;
    storedInteger(limit);
    // The empty text comes before every item id.
    if (order === "item_id") return itemsAfter.all(after?.itemId ?? "", limit).map(itemOf);
    if (after === undefined) return mostLiked.all(limit).map(itemOf);
    const equally = equallyLiked.all(after.likes, after.itemId, limit);
    const less = lessLiked.all(after.likes, limit - equally.length);
    return [...equally, ...less].map(itemOf);
  }

  get intakeRows(): number {
    return this.#intakes.rows;
  }

  get pages(): number {
    return this.#pages;
  }

  fold(rows: number): FoldOutcome {
    try {
      // First, because an empty intake needs no lock.
      if (this.#file.read(() => this.#intakes.isEmpty)) return "empty";
      const outcome = this.#file.transact(() => {
        const fold = this.#isSuperseded ? undefined : this.#intakes.fold(rows);
        return { value: fold, changed: fold !== undefined && fold.rows > 0 };
      });
      if (outcome.type !== "done") return outcome.type;
      if (outcome.value === undefined) return "ended";
      outcome.value.committed();
      return outcome.value.rows > 0 ? "folded" : "empty";
    } catch (error) {
      inDoubt(error); // the next call says so
      return "ended";
    }
  }

  async close(): Promise<void> {
    this.#isClosed = true;
    this.#folding.close();
    this.#file.close();
  }

  get #isSuperseded(): boolean {
    return this.#statements.newestGeneration.get() !== this.#generation;
  }

  #superseded(): OpeningEnd {
    const path = JSON.stringify(this.#file.path);
    const reason = `Cannot write the ledger ${path}: a newer opening has taken it over`;
    return { type: "superseded", reason };
  }
}

/** Returns the rows that a write set adds to the intakes. */
function rowsOf({ likes, reactions, registers }: WriteSet): number {
  let rows = likes.size + registers.size;
  for (const gains of reactions.values()) rows += gains.size;
  return rows;
}

/** Returns how an opening ends whose file has failed. Throws any other error. */
export function inDoubt(error: unknown): OpeningEnd {
  if (!(error instanceof LikesError) || error.code !== "store_failed") throw error;
  return { type: "in_doubt", reason: error.message };
}
