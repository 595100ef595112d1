/** A disk with a ledger in SQLite, for the acceptance suites. */
import { join } from "node:path";
import type { LedgerStore } from "../../../src/core/ledger/ledger.ts";
import type { GenerationId } from "../../../src/core/protocol/ids.ts";
import type { openSqliteLedger } from "../../../src/store/ledger/sqlite_ledger.ts";
import { temporaryFolder } from "../../fixtures/temporary_folder.ts";
import { execIn } from "../databases.ts";
import { LEDGER_ID } from "./ledger_fixture.ts";
import type { LedgerFixture } from "./ledger_fixture.ts";

export const NOW_MS = 1_700_000_000_000;

/** Opens the ledger in a folder. */
type OpenIn = (...args: Parameters<typeof openSqliteLedger>) => LedgerStore | Promise<LedgerStore>;

/** Returns a fixture of ledgers that `openLedger` opens. */
export function sqliteFixture(openLedger: OpenIn): LedgerFixture {
  const folder = temporaryFolder();
  let close = async (): Promise<void> => {};
  async function open(generation: GenerationId, options = {}) {
    await close();
    const ids = { ledgerIdIfNew: LEDGER_ID, generation };
    const ledger = await openLedger(folder.path, ids, NOW_MS, options);
    close = () => ledger.close();
    return ledger;
  }
  return {
    async open(generation) {
      const ledger = await open(generation);
      for (const event of ["insert", "update"]) {
        tamper(folder.path, `DROP TRIGGER IF EXISTS break_${event}`);
      }
      return ledger;
    },
    async openFull(generation) {
      return open(generation, { pagesMax: 1 });
    },
    async breakDisk() {
      for (const event of ["insert", "update"]) {
        tamper(
          folder.path,
          `CREATE TRIGGER break_${event} BEFORE ${event} ON intake ` +
            "BEGIN SELECT RAISE(ABORT, 'the disk failed'); END",
        );
      }
    },
    async markCopied(copiedMs) {
      tamper(folder.path, `UPDATE ledger SET copied_ms = ${copiedMs}`);
    },
    async supersede(generation) {
      tamper(
        folder.path,
        "INSERT INTO generations (generation, first_version, opened_ms) " +
          `VALUES ('${generation}', 2, ${NOW_MS})`,
      );
    },
    async [Symbol.asyncDispose]() {
      await close();
      await folder[Symbol.asyncDispose]();
    },
  };
}

/** Runs SQL on the ledger in `folder`. */
export function tamper(folder: string, sql: string): void {
  execIn(join(folder, "ledger.sqlite"), sql);
}
