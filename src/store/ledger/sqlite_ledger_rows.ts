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
import { FORGOTTEN } from "../../core/ledger/loaded_rows.ts";
import type { ForgottenRow } from "../../core/ledger/rows.ts";
import { partsOfKey } from "../../core/protocol/register.ts";
import type { RegisterKey } from "../../core/protocol/register.ts";
import type { Tombstones } from "./tombstones.ts";
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
import type { LedgerIntakes } from "./ledger_intakes.ts";
import type { LedgerStatements } from "./ledger_tables.ts";
import type { CommittedRows } from "./run_on_loaded.ts";

/** The rows of an open ledger. */
export class SqliteLedgerRows implements CommittedRows {
  readonly #statements: LedgerStatements;
  readonly #intakes: LedgerIntakes;
  readonly #tombstones: Tombstones;

  constructor(statements: LedgerStatements, intakes: LedgerIntakes, tombstones: Tombstones) {
    this.#statements = statements;
    this.#intakes = intakes;
    this.#tombstones = tombstones;
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
      case "operations": {
        const counted = statements.operations.get(need.client, need.block);
        return loaded.set<"operations">(need, counted ?? 0n);
      }
      case "registers_of": {
        const { person } = need;
        const isForgotten = this.#tombstones.among([person]).has(person);
        const rows = isForgotten ? undefined : this.#intakes.registersOf(person);
        return loaded.set<"registers_of">(need, rows);
      }
      case "registers":
        return loaded.setRegisters(need, this.#ranksOf(need.keys));
      default:
        return unreachable(need);
    }
  }

  /** Writes all that a transaction set. */
  write(set: WriteSet): void {
    const { setMeta, clearCopied, setMember, setIncarnation, setOperations } = this.#statements;
    const { version, totalLikes, totalVersion, asOfMs, fingerprint = null } = set.meta;
    setMeta.run(version, totalLikes, totalVersion, asOfMs, fingerprint);
    if (set.isCopyRecorded) clearCopied.run();
    for (const row of set.members) {
      const { outboxId, serverId, address, state, retiredAsOfMs = null } = row;
      const { appliedEvents, appliedLikes } = row;
      const named = [outboxId, serverId, address, state] as const;
      setMember.run(...named, appliedEvents, appliedLikes, retiredAsOfMs);
    }
    for (const { incarnation, outboxId, appliedSequence, digest, state } of set.incarnations) {
      setIncarnation.run(incarnation, outboxId, appliedSequence, digest, state);
    }
    for (const { client, block, counted } of set.operations) {
      setOperations.run(client, block, counted);
    }
    this.#writeTroubles(set);
    this.#intakes.append(set);
    for (const row of set.forgotten) this.#forget(row);
  }

  #forget({ person, withdraw, kept }: ForgottenRow): void {
    this.#intakes.forget(person);
    this.#tombstones.add({ person, withdraw });
    for (const { itemId, reaction, likes } of kept)
      this.#statements.keep.run(itemId, reaction, likes);
  }

  #ranksOf(keys: readonly RegisterKey[]): readonly number[] {
    const ranks = this.#intakes.ranksOf(keys);
    const personOf = (key: RegisterKey) => partsOfKey(key).person;
    const forgotten = this.#tombstones.among(keys.map(personOf));
    if (forgotten.size === 0) return ranks;
    return ranks.map((rank, index) => {
      const key = keys[index];
      return key !== undefined && forgotten.has(personOf(key)) ? FORGOTTEN : rank;
    });
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
