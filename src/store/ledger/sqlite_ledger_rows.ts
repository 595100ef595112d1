/** The rows of a ledger in SQLite, read and written inside the file's open transaction. */
import { unreachable } from "../../assert.ts";
import type { LedgerNeed } from "../../core/ledger/ledger_needs.ts";
import type { WriteSet } from "../../core/ledger/ledger_transaction.ts";
import type {
  LedgerHead,
  Loaded,
  NeedOf,
  PlacedIncarnation,
} from "../../core/ledger/loaded_rows.ts";
import { integerOf } from "../sqlite/stored_integer.ts";
import {
  decisionRow,
  generationOf,
  headOf,
  memberOf,
  placedOf,
  troubleOf,
  troubleRow,
} from "./ledger_columns.ts";
import type { LedgerStatements } from "./ledger_tables.ts";
import type { CommittedRows } from "./run_on_loaded.ts";

/** The rows of an open ledger. */
export class SqliteLedgerRows implements CommittedRows {
  readonly #statements: LedgerStatements;

  constructor(statements: LedgerStatements) {
    this.#statements = statements;
  }

  get head(): LedgerHead {
    return headOf(this.#statements.head.get());
  }

  load(loaded: Loaded, need: LedgerNeed): void {
    const statements = this.#statements;
    switch (need.type) {
      case "member": {
        const row = statements.member.get(need.outboxId);
        return loaded.set<"member">(need, row && memberOf(row));
      }
      case "incarnation": {
        const row = statements.incarnation.get(need.incarnation);
        return loaded.set<"incarnation">(need, row && placedOf(row));
      }
      case "incarnations_in":
        return loaded.set<"incarnations_in">(need, this.#incarnationsIn(need));
      case "outbox_count": {
        const count = integerOf(statements.outboxCount.get(need.state) ?? 0n);
        return loaded.set<"outbox_count">(need, count);
      }
      case "generation": {
        const row = statements.generation.get(need.generation);
        return loaded.set<"generation">(need, row && generationOf(need.generation, row));
      }
      case "trouble": {
        const row = statements.trouble.get(need.number);
        return loaded.set<"trouble">(need, row && troubleOf(row));
      }
      case "troubles_of": {
        const rows = statements.troublesOf.all(need.outboxId ?? "");
        return loaded.set<"troubles_of">(need, rows.map(troubleOf));
      }
      case "was_decided":
        return loaded.set<"was_decided">(need, this.#wasDecided(need));
      case "item": {
        const row = statements.named.get(JSON.stringify([need.itemId]));
        return loaded.set<"item">(need, row?.likes ?? 0n);
      }
      default:
        return unreachable(need);
    }
  }

  /** Writes all that a transaction set, except the likes of items. */
  write(set: WriteSet): void {
    const { setMeta, clearCopied, setMember, setIncarnation } = this.#statements;
    const { version, totalLikes, totalVersion, asOfMs } = set.meta;
    setMeta.run(version, totalLikes, totalVersion, asOfMs);
    if (set.isCopyRecorded) clearCopied.run();
    for (const row of set.members) {
      const { outboxId, serverId, address, state, appliedLikes, retiredAsOfMs = null } = row;
      setMember.run(outboxId, serverId, address, state, appliedLikes, retiredAsOfMs);
    }
    for (const { incarnation, outboxId, appliedSequence, digest, state } of set.incarnations) {
      setIncarnation.run(incarnation, outboxId, appliedSequence, digest, state);
    }
    this.#writeTroubles(set);
  }

  /** Ends troubles first, because a new one may be the same as one that has ended. */
  #writeTroubles({ troubles, decisions }: WriteSet): void {
    const { decide, addTrouble, addDecision } = this.#statements;
    const decided = new Set<number>();
    for (const { trouble } of decisions) if (trouble !== undefined) decided.add(trouble.number);
    for (const number of decided) decide.run(number);
    for (const row of troubles) addTrouble.run(troubleRow(row, decided.has(row.number)));
    for (const row of decisions) addDecision.run(decisionRow(row));
  }

  #incarnationsIn({ outboxId, state, limit }: NeedOf<"incarnations_in">): PlacedIncarnation[] {
    return this.#statements.incarnationsIn.all(outboxId, state, limit).map(placedOf);
  }

  #wasDecided({ outboxId, trouble }: NeedOf<"was_decided">): boolean {
    const { incarnation = "", kind, events = { first: 0, last: 0 } } = trouble;
    const { wasDecided } = this.#statements;
    return wasDecided.get(outboxId, incarnation, kind, events.first, events.last) !== undefined;
  }
}
