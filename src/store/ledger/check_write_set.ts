/** Asserts, for every ledger store, that all numbers of a write set are whole and can be stored. */
import type { WriteSet } from "../../core/ledger/ledger_transaction.ts";
import type { DecisionRow, LedgerMeta, TroubleRow } from "../../core/ledger/rows.ts";
import { storedInteger, storedLikes } from "../sqlite/stored_integer.ts";

/** Checks a write set before any of it is written. */
export function checkWriteSet(set: WriteSet): void {
  checkMeta(set.meta);
  for (const { appliedEvents, appliedLikes, retiredAsOfMs } of set.members) {
    storedInteger(appliedEvents);
    storedLikes(appliedLikes);
    storedInteger(retiredAsOfMs ?? 0);
  }
  for (const { appliedSequence } of set.incarnations) storedInteger(appliedSequence);
  for (const gains of [set.likes, ...set.reactions.values()]) {
    for (const gained of gains.values()) storedLikes(gained < 0n ? -gained : gained);
  }
  for (const rank of set.registers.values()) storedInteger(rank);
  for (const { block, counted } of set.operations) {
    storedInteger(block);
    storedLikes(counted);
  }
  for (const { kept } of set.forgotten) for (const { likes } of kept) storedInteger(likes);
  set.troubles.forEach(checkTrouble);
  set.decisions.forEach(checkDecision);
}

function checkMeta({ version, totalLikes, totalVersion, asOfMs }: LedgerMeta): void {
  storedLikes(totalLikes);
  [version, totalVersion, asOfMs].forEach(storedInteger);
}

function checkTrouble({ number, events, sinceMs, doubtfulAsOf }: TroubleRow): void {
  [number, events?.first ?? 0, events?.last ?? 0, sinceMs].forEach(storedInteger);
  [doubtfulAsOf?.afterMs ?? 0, doubtfulAsOf?.upToMs ?? 0].forEach(storedInteger);
}

function checkDecision({ number, trouble, givenUp, asOfMs, decidedMs }: DecisionRow): void {
  [number, trouble?.number ?? 0, asOfMs, decidedMs].forEach(storedInteger);
  [givenUp?.first ?? 0, givenUp?.last ?? 0].forEach(storedInteger);
}
