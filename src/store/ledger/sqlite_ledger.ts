/** The primary's ledger in SQLite: `<folder>/ledger.sqlite`. */
import { assert } from "../../assert.ts";
import type {
  CountsRead,
  CountsSelection,
  LedgerSnapshot,
  LedgerStore,
  LedgerTransaction,
  OpeningEnd,
  ReadOutcome,
  CommitOutcome,
} from "../../core/ledger/ledger.ts";
import type {
  DecisionRow,
  GenerationRow,
  IncarnationRow,
  LedgerMeta,
  MemberRow,
  TroubleRow,
} from "../../core/ledger/rows.ts";
import type { ItemCount } from "../../core/protocol/counts.ts";
import type { Trouble } from "../../core/protocol/messages.ts";
import { LikesError } from "../../errors.ts";
import {
  checkedDecision,
  checkedIncarnation,
  checkedMember,
  checkedMeta,
  checkedTrouble,
} from "./ledger_rows.ts";
import type { NewDecision, NewTrouble } from "../../core/ledger/rows.ts";
import type { LedgerNeed } from "../../core/ledger/ledger_needs.ts";
import {
  copiedMsOf,
  decisionRow,
  generationOf,
  incarnationOf,
  itemOf,
  memberOf,
  metaOf,
  troubleOf,
  troubleRow,
} from "./ledger_columns.ts";
import { LEDGER_KIND, prepareLedger } from "./ledger_tables.ts";
import type { LedgerStatements } from "./ledger_tables.ts";
import { NEW_LEDGER } from "../../core/ledger/rows.ts";
import { openSqliteFile } from "../sqlite/sqlite_file.ts";
import type { SqliteFile, SqliteOptions } from "../sqlite/sqlite_file.ts";
import { integerOf, storedInteger, storedLikes } from "../sqlite/stored_integer.ts";
import type { GenerationId, IncarnationId, LedgerId, OutboxId } from "../../core/protocol/ids.ts";

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
  options: SqliteOptions = {},
): SqliteLedger {
  const file = openSqliteFile(folder, LEDGER_KIND, {
    create: (database) => {
      const { version, totalLikes, totalVersion, asOfMs } = NEW_LEDGER;
      database
        .prepare(
          "INSERT INTO ledger (one, ledger_id, version, total_likes, total_version, as_of_ms) " +
            "VALUES (1, ?, ?, ?, ?, ?)",
        )
        .run(ids.ledgerIdIfNew, version, totalLikes, totalVersion, asOfMs);
    },
    options,
  });
  return file.whileOpening(() => {
    const ledger = new SqliteLedger(file, ids.generation);
    ledger.mintGeneration(nowUnixMs);
    return ledger;
  });
}

/** An open ledger. */
export class SqliteLedger implements LedgerStore {
  readonly #file: SqliteFile;
  readonly #generation: GenerationId;
  readonly #statements: LedgerStatements;

  /** Takes ownership of `file`, a database of LEDGER_KIND. The caller mints the generation next. */
  constructor(file: SqliteFile, generation: GenerationId) {
    this.#file = file;
    this.#generation = generation;
    this.#statements = prepareLedger(file.database);
  }

  /** Records the generation of this opening. The version does not change. */
  mintGeneration(nowUnixMs: number): void {
    const { meta, generation, mintGeneration } = this.#statements;
    this.#file.database.transaction(() => {
      assert(generation.get(this.#generation) === undefined, "a generation is minted once");
      const { version } = metaOf(meta.get());
      mintGeneration.run(this.#generation, version + 1, storedInteger(nowUnixMs));
    });
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
        copiedMs: copiedMsOf(copiedMs.get()),
        members: members.all().map(memberOf),
        troubles: troubles.all().map(troubleOf),
      };
    });
  }

  /** Ignores the needs: the database is in this process, and each row is read on demand. */
  async transact<T>(
    _needs: readonly LedgerNeed[],
    work: (ledger: LedgerTransaction) => T,
  ): Promise<CommitOutcome<T>> {
    try {
      const outcome = this.#file.transact<CommitOutcome<T>>(() => {
        if (this.#isSuperseded) return { value: this.#superseded(), changed: false };
        const ledger = new SqliteLedgerTransaction(this.#statements);
        const value = work(ledger);
        return { value: { type: "done", value }, changed: ledger.changed };
      });
      return outcome.type === "done" ? outcome.value : outcome;
    } catch (error) {
      return inDoubt(error);
    }
  }

  async counts(
    selection: CountsSelection,
    incarnations: readonly IncarnationId[],
  ): Promise<ReadOutcome<CountsRead>> {
    try {
      return this.#file.read(() => {
        if (this.#isSuperseded) return this.#superseded();
        return { type: "done", value: this.#counts(selection, incarnations) };
      });
    } catch (error) {
      return inDoubt(error);
    }
  }

  #counts(selection: CountsSelection, incarnations: readonly IncarnationId[]): CountsRead {
    const { meta, incarnation } = this.#statements;
    return {
      meta: metaOf(meta.get()),
      counts: selection.type === "named" ? this.#named(selection.itemIds) : this.#page(selection),
      applied: incarnations.map((id) => {
        const row = incarnation.get(id);
        const appliedSequence = row === undefined ? 0 : incarnationOf(row).appliedSequence;
        return { incarnation: id, appliedSequence };
      }),
    };
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

  async close(): Promise<void> {
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

/** Returns how an opening ends whose file has failed. Throws any other error. */
function inDoubt(error: unknown): OpeningEnd {
  if (!(error instanceof LikesError) || error.code !== "store_failed") throw error;
  return { type: "in_doubt", reason: error.message };
}

/** The ledger inside the file's open transaction. */
class SqliteLedgerTransaction implements LedgerTransaction {
  /** Whether any row was set. */
  changed = false;
  readonly #statements: LedgerStatements;

  constructor(statements: LedgerStatements) {
    this.#statements = statements;
  }

  /** An error that `work` throws rolls back the whole transaction. */
  attempt(work: () => boolean): boolean {
    const { beginAttempt, undoAttempt, endAttempt } = this.#statements;
    const changedBefore = this.changed;
    beginAttempt.run();
    const isDone = work();
    if (!isDone) {
      undoAttempt.run();
      this.changed = changedBefore;
    }
    endAttempt.run();
    return isDone;
  }

  meta(): LedgerMeta {
    return metaOf(this.#statements.meta.get());
  }

  setMeta(row: LedgerMeta): void {
    const { version, totalLikes, totalVersion, asOfMs } = checkedMeta(row);
    this.changed = true;
    this.#statements.setMeta.run(version, totalLikes, totalVersion, asOfMs);
  }

  member(outboxId: OutboxId): MemberRow | undefined {
    const row = this.#statements.member.get(outboxId);
    return row === undefined ? undefined : memberOf(row);
  }

  setMember(row: MemberRow): void {
    const { outboxId, serverId, address, state, appliedLikes, retiredAsOfMs } = checkedMember(row);
    this.changed = true;
    const { setMember } = this.#statements;
    setMember.run(outboxId, serverId, address, state, appliedLikes, retiredAsOfMs);
  }

  outboxCount(state: MemberRow["state"]): number {
    return integerOf(this.#statements.outboxCount.get(state) ?? 0n);
  }

  incarnation(incarnation: IncarnationId): IncarnationRow | undefined {
    const row = this.#statements.incarnation.get(incarnation);
    return row === undefined ? undefined : incarnationOf(row);
  }

  setIncarnation(row: IncarnationRow): void {
    const { incarnation, outboxId, appliedSequence, digest, state } = checkedIncarnation(row);
    this.changed = true;
    this.#statements.setIncarnation.run(incarnation, outboxId, appliedSequence, digest, state);
  }

  incarnationsIn(
    outboxId: OutboxId,
    state: IncarnationRow["state"],
    limit: number,
  ): readonly IncarnationId[] {
    return this.#statements.incarnationsIn.all(outboxId, state, limit);
  }

  generation(generation: GenerationId): GenerationRow | undefined {
    const row = this.#statements.generation.get(generation);
    return row === undefined ? undefined : generationOf(generation, row);
  }

  copiedMs(): number | undefined {
    return copiedMsOf(this.#statements.copiedMs.get());
  }

  clearCopied(): void {
    if (this.copiedMs() === undefined) return;
    this.changed = true;
    this.#statements.clearCopied.run();
  }

  addTrouble(row: NewTrouble): TroubleRow | undefined {
    const number = this.#statements.addTrouble.get(troubleRow(checkedTrouble(row)));
    if (number === undefined) return undefined;
    this.changed = true;
    return { ...row, number: integerOf(number) };
  }

  trouble(number: number): TroubleRow | undefined {
    const row = this.#statements.trouble.get(number);
    return row === undefined ? undefined : troubleOf(row);
  }

  troublesOf(outboxId: OutboxId | undefined): readonly TroubleRow[] {
    return this.#statements.troublesOf.all(outboxId ?? "").map(troubleOf);
  }

  troubleCount(): number {
    return integerOf(this.#statements.troubleCount.get() ?? 0n);
  }

  wasDecided(outboxId: OutboxId, trouble: Trouble): boolean {
    const { incarnation = "", kind, events = { first: 0, last: 0 } } = trouble;
    const { wasDecided } = this.#statements;
    return wasDecided.get(outboxId, incarnation, kind, events.first, events.last) !== undefined;
  }

  addDecision(row: NewDecision): DecisionRow {
    const { decide, addDecision } = this.#statements;
    const { trouble } = checkedDecision(row);
    const isKnown = trouble === undefined || decide.get(trouble.number) !== undefined;
    assert(isKnown, `trouble ${trouble?.number} is recorded and not decided`);
    this.changed = true;
    const number = addDecision.get(decisionRow(row));
    assert(number !== undefined, "a decision gets a number");
    return { ...row, number: integerOf(number) };
  }

  itemLikes(itemId: string): bigint {
    return this.#statements.itemLikes.get(itemId) ?? 0n;
  }

  addLikes(itemId: string, gained: bigint): void {
    storedLikes(gained);
    this.changed = true;
    this.#statements.addLikes.run(itemId, gained);
  }
}
