/** Rows of the ledger as every store takes them: asserted to be whole numbers that it can hold. */
import type {
  DecisionRow,
  IncarnationRow,
  LedgerMeta,
  MemberRow,
  TroubleRow,
} from "../../core/ledger/ledger.ts";
import { storedInteger, storedLikes } from "../sqlite/stored_integer.ts";

/** A trouble that is not recorded yet: the store gives it its number. */
export type NewTrouble = Omit<TroubleRow, "number">;
/** A decision that is not recorded yet: the store gives it its number. */
export type NewDecision = Omit<DecisionRow, "number">;

/** The row of a ledger that was just made. */
export const NEW_LEDGER: LedgerMeta = { version: 0, totalLikes: 0n, totalVersion: 0, asOfMs: 0 };

/** Gives `row` back, checked. */
export function checkedMeta(row: LedgerMeta): LedgerMeta {
  storedInteger(row.version);
  storedLikes(row.totalLikes);
  storedInteger(row.totalVersion);
  storedInteger(row.asOfMs);
  return row;
}

/** Gives `row` back, checked. */
export function checkedMember(row: MemberRow): MemberRow {
  storedLikes(row.appliedLikes);
  storedInteger(row.retiredAsOfMs);
  return row;
}

/** Gives `row` back, checked. */
export function checkedIncarnation(row: IncarnationRow): IncarnationRow {
  storedInteger(row.appliedSequence);
  return row;
}

/** Gives `row` back, checked. */
export function checkedTrouble(row: NewTrouble): NewTrouble {
  storedInteger(row.events?.first ?? 0);
  storedInteger(row.events?.last ?? 0);
  storedInteger(row.sinceMs);
  storedInteger(row.doubtfulAsOf?.afterMs ?? 0);
  storedInteger(row.doubtfulAsOf?.upToMs ?? 0);
  return row;
}

/** Gives `row` back, checked. */
export function checkedDecision(row: NewDecision): NewDecision {
  storedInteger(row.trouble?.number ?? 0);
  storedInteger(row.givenUp?.first ?? 0);
  storedInteger(row.givenUp?.last ?? 0);
  storedInteger(row.asOfMs);
  storedInteger(row.decidedMs);
  return row;
}

type TroubleName = Pick<TroubleRow, "outboxId" | "incarnation" | "kind" | "events">;

/** Whether two are one: of an outbox, an incarnation and a kind, and gaps by where they end. */
export function isSameTrouble(one: TroubleName, other: TroubleName): boolean {
  const { outboxId, incarnation, kind, events } = other;
  if (kind === "gap" && one.events?.last !== events?.last) return false;
  return one.outboxId === outboxId && one.incarnation === incarnation && one.kind === kind;
}
