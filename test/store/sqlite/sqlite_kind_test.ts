/** A store of another schema version is refused and left unchanged. */
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "uvu";
import * as assert from "uvu/assert";
import type { FaultCode } from "../../../src/errors.ts";
import { openSqliteLedger } from "../../../src/store/ledger/sqlite_ledger.ts";
import { openSqliteOutbox } from "../../../src/store/outbox/sqlite_outbox.ts";
import { temporaryFolder } from "../../fixtures/temporary_folder.ts";
import { execIn } from "../databases.ts";
import { faultOf, testId } from "../faults.ts";
import { LEDGER_ID } from "../ledger/ledger_fixture.ts";
import { OUTBOX_ID, SERVER_ID } from "../outbox/outbox_fixture.ts";

const NOW_MS = 1_700_000_000_000;

const OPENINGS = {
  ledger: (folder: string) =>
    openSqliteLedger(folder, { ledgerIdIfNew: LEDGER_ID, generation: testId(1) }, NOW_MS),
  outbox: (folder: string) => openSqliteOutbox(folder, SERVER_ID, OUTBOX_ID),
};

test("checkKind() refuses a store of an older version and leaves it unchanged", async () => {
  await expectRefused(0, "store_older");
});

test("checkKind() refuses a store of a newer version and leaves it unchanged", async () => {
  await expectRefused(2, "store_newer");
});

async function expectRefused(version: number, fault: FaultCode): Promise<void> {
  for (const [name, open] of Object.entries(OPENINGS)) {
    await using folder = temporaryFolder();
    await open(folder.path).close();
    const path = join(folder.path, `${name}.sqlite`);
    execIn(path, `PRAGMA user_version = ${version}`);
    const before = readFileSync(path);
    const { message } = await faultOf(fault, () => open(folder.path));
    assert.is(
      message,
      `Cannot open the ${name} "${path}": found version ${version}, and this build opens only ` +
        `version 1; use the build that wrote it, or name another folder`,
    );
    assert.equal(readFileSync(path), before);
  }
}

test.run();
