import { test } from "uvu";
import * as assert from "uvu/assert";
import { Findings } from "../../src/verify/findings.ts";
import { SqliteError } from "../../src/store/sqlite/sqlite.ts";

const PLACE = { serverId: "a" };

test("damage() records a divergence when a store is damaged, and missing when unreadable", () => {
  const findings = new Findings();
  findings.damage(PLACE, new SqliteError("malformed", "SQLITE_CORRUPT_VTAB"));
  findings.damage(PLACE, new SqliteError("disk I/O error", "SQLITE_IOERR_READ"));
  assert.equal([findings.divergences.count, findings.missing.count], [1, 1]);
  assert.match(
    findings.missing.first[0]?.what ?? "",
    /the rest of the store cannot be read: disk I\/O error/,
  );
  const bug = new TypeError("a bug");
  assert.throws(
    () => findings.damage(PLACE, bug),
    (error: unknown) => error === bug,
  );
});

test.run();
