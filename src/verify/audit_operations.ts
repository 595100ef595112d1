/** Compares the operations of a ledger with those of the events. */
import type { Audit } from "./audit_incarnation.ts";

/** The operations of a ledger. */
export interface CountedOperations {
  readonly count: number;
  /** Those that no event names that was read. */
  readonly unread: number;
}

/** Each operation that was read must have counted. Others need an event that was not read. */
export function auditOperations({ ledger, tally, findings }: Audit): CountedOperations {
  let [count, unread] = [0, 0];
  findings.attempt({}, () => {
    for (const { client, number } of ledger.counts.operations()) {
      count++;
      if (!tally.operations.meet(client, number)) unread++;
    }
    for (const { item } of tally.operations.unmet()) {
      const { itemId } = tally.items.at(item);
      findings.diverge({ itemId }, "an applied operation has not counted", "counted", "not");
    }
  });
  return { count, unread };
}
