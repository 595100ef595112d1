/** A ledger whose process is killed while it commits and folds: every version has exact counts. */
import { join } from "node:path";
import { test } from "uvu";
import * as assert from "uvu/assert";
import { Database } from "../../../src/store/sqlite/sqlite.ts";
import { extent } from "../../fixtures/extent.ts";
import { temporaryFolder } from "../../fixtures/temporary_folder.ts";
import { Random } from "../../simulator/random.ts";
import { killAfter } from "./killed_folding.ts";
import { likesOfVersion } from "./version_likes.ts";

const KILLS = extent(5, 60);
/** Most versions of one life. */
const VERSIONS_MAX = 120;

test("a kill between any two writes leaves the exact counts of a committed version", async () => {
  await using folder = temporaryFolder();
  const random = new Random(1);
  const expected = new Map<string, bigint>();
  let counted = 0;
  let waiting = 0;
  for (let kill = 1; kill <= KILLS; kill++) {
    const committed = await killAfter(folder.path, kill, counted + random.whole(1, VERSIONS_MAX));
    const { version, counts, total, intakeRows } = read(folder.path);
    assert.ok(version >= committed, `version ${version}, and ${committed} was committed`);
    while (counted < version) {
      for (const [itemId, gained] of likesOfVersion(++counted)) {
        expected.set(itemId, (expected.get(itemId) ?? 0n) + gained);
      }
    }
    assert.equal(counts, new Map([...expected].toSorted(([a], [b]) => (a < b ? -1 : 1))));
    assert.is(
      [...counts.values()].reduce((sum, likes) => sum + likes),
      total,
    );
    if (intakeRows > 0) waiting++;
  }
  assert.ok(waiting > 0, "a kill came while likes waited in the intake");
});

test.run();

function read(folder: string) {
  const database = new Database(join(folder, "ledger.sqlite"));
  const counts = database.prepare<[], { item_id: string; likes: bigint }>(
    "SELECT * FROM counts ORDER BY item_id",
  );
  const meta = database.prepare<[], { version: bigint; total_likes: bigint }>(
    "SELECT version, total_likes FROM ledger",
  );
  const rows = database.prepare<[], bigint>("SELECT count(*) FROM intake").pluck();
  const { version = 0n, total_likes: total = 0n } = meta.get() ?? {};
  const found = {
    version: Number(version),
    total,
    counts: new Map(counts.all().map(({ item_id: itemId, likes }) => [itemId, likes])),
    intakeRows: Number(rows.get()),
  };
  database.close();
  return found;
}
