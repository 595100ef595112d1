/** Opens the ledger that a primary is to work on. */
import { join } from "node:path";
import type { LedgerStore } from "../core/ledger/ledger.ts";
import { openSqliteLedger } from "../store/ledger/sqlite_ledger.ts";
import { mintId } from "../store/mint_id.ts";

/** Opens `primary/ledger.sqlite` in `dataDir`, or makes it. Throws what opening a store throws. */
export function openLedger(dataDir: string): LedgerStore {
  const ids = { ledgerIdIfNew: mintId(), generation: mintId() };
  return openSqliteLedger(join(dataDir, "primary"), ids, Date.now());
}
