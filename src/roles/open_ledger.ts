/** How a primary opens the ledger of its data folder. */
import { join } from "node:path";
import type { OpenLedger } from "../core/ledger/ledger.ts";
import { openSqliteLedger } from "../store/ledger/sqlite_ledger.ts";
import { mintId } from "../store/mint_id.ts";

/** Returns what opens `primary/ledger.sqlite` in `dataDir`, and makes it where there is none. */
export function ledgerIn(dataDir: string): OpenLedger {
  return async (generation, nowUnixMs) => {
    const ids = { ledgerIdIfNew: mintId(), generation };
    return openSqliteLedger(join(dataDir, "primary"), ids, nowUnixMs);
  };
}
