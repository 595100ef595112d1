/** A failed read of the ledger: no answer comes from it, and the ledger is reopened. */
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "uvu";
import * as assert from "uvu/assert";
import { PRIMARY_LOG_NAME } from "../../src/log/log_file.ts";
import { Database } from "../../src/store/sqlite/sqlite.ts";
import { Counter } from "../fixtures/roles.ts";

test("a primary with a damaged ledger answers nothing, reopens it and exits with the reason", async () => {
  await using counter = new Counter();
  const primary = await counter.startPrimary();
  const a = await counter.startAccepting("a");
  await counter.add(a, 5);
  const ledger = new Database(join(counter.dataDir, "primary", "ledger.sqlite"));
  ledger.exec("ALTER TABLE items RENAME TO gone");
  ledger.close();
  const { code, stdout } = await counter.likes(["count", "--primary", counter.primary]);
  assert.ok(code === 1 || code === 3, "the reason, or a connection that broke first");
  assert.is(stdout, "");
  assert.is((await primary.result()).code, 1);
  assert.match(primary.stderr, /Cannot open the ledger .* it is damaged/);
  const log = readFileSync(join(counter.logDir, PRIMARY_LOG_NAME, "log.txt"), "utf8");
  assert.match(
    log,
    /opens the ledger again: Cannot keep using the ledger[^]*ended: Cannot open the ledger/,
  );
});

test.run();
