/** Opens the ledger in a primary's data folder. */
import { join } from "node:path";
import type { OpenLedger } from "../core/ledger/ledger.ts";
import { openWorkerLedger } from "../store/ledger/worker_ledger.ts";
import { FORGOTTEN_FILE } from "../store/shared_files.ts";
import { mintId } from "../store/mint_id.ts";

/** Returns a function that opens `primary/ledger.sqlite` in `dataDir`, or creates it. */
export function ledgerIn(dataDir: string): OpenLedger {
  return async (generation, nowUnixMs) => {
    const ids = { ledgerIdIfNew: mintId(), generation };
    const forgottenList = join(dataDir, FORGOTTEN_FILE);
    return openWorkerLedger(join(dataDir, "primary"), ids, nowUnixMs, { forgottenList });
  };
}
