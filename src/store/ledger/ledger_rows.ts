/** Asserts, for every ledger store, that the numbers of a row are whole and can be stored. */
import type {
  IncarnationRow,
  LedgerMeta,
  MemberRow,
  NewDecision,
  NewTrouble,
} from "../../core/ledger/rows.ts";
import { storedInteger, storedLikes } from "../sqlite/stored_integer.ts";

/** Returns `row`, checked. */
export function checkedMeta(row: LedgerMeta): LedgerMeta {
  storedInteger(row.version);
  storedLikes(row.totalLikes);
  storedInteger(row.totalVersion);
  storedInteger(row.asOfMs);
  return row;
}

/** Returns `row`, checked. */
export function checkedMember(row: MemberRow): MemberRow {
  storedLikes(row.appliedLikes);
  storedInteger(row.retiredAsOfMs);
  return row;
}

/** Returns `row`, checked. */
export function checkedIncarnation(row: IncarnationRow): IncarnationRow {
  storedInteger(row.appliedSequence);
  return row;
}

/** Returns `row`, checked. */
export function checkedTrouble(row: NewTrouble): NewTrouble {
  storedInteger(row.events?.first ?? 0);
  storedInteger(row.events?.last ?? 0);
  storedInteger(row.sinceMs);
  storedInteger(row.doubtfulAsOf?.afterMs ?? 0);
  storedInteger(row.doubtfulAsOf?.upToMs ?? 0);
  return row;
}

/** Returns `row`, checked. */
export function checkedDecision(row: NewDecision): NewDecision {
  storedInteger(row.trouble?.number ?? 0);
  storedInteger(row.givenUp?.first ?? 0);
  storedInteger(row.givenUp?.last ?? 0);
  storedInteger(row.asOfMs);
  storedInteger(row.decidedMs);
  return row;
}
