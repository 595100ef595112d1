/** A read of the ledger that fails: nobody is told anything from it, and the primary goes. */
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "uvu";
import * as assert from "uvu/assert";
import { PRIMARY_LOG_NAME } from "../../src/log/log_file.ts";
import { Database } from "../../src/store/sqlite/sqlite.ts";
import { Counter } from "../fixtures/roles.ts";

test("a primary that cannot read its ledger ends with the reason, and answers nothing", async () => {
  await using counter = new Counter();
  const primary = await counter.startPrimary();
  const a = await counter.startAccepting("a");
  await counter.add(a, 5);
  const ledger = new Database(join(counter.dataDir, "primary", "ledger.sqlite"));
  ledger.exec("ALTER TABLE items RENAME TO gone");
  ledger.close();
  const { code, stdout } = await counter.likes(["count", "--primary", counter.primary]);
  assert.ok(code === 1 || code === 3, "the reason, or a connection that broke before it came");
  assert.is(stdout, "");
  assert.is((await primary.result()).code, 1);
  assert.match(primary.stderr, "Cannot keep using the ledger");
  const log = readFileSync(join(counter.logDir, PRIMARY_LOG_NAME, "log.txt"), "utf8");
  assert.match(log, /ended: Cannot keep using the ledger/);
});

test.run();
