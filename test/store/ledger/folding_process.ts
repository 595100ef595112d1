/**
 * A process that commits to the ledger in a folder, and folds all the time, until it is killed:
 * `folding_process.ts <folder> <generation>`. It sends each version to its parent, once committed.
 */
import { openSqliteLedger } from "../../../src/store/ledger/sqlite_ledger.ts";
import { testId } from "../faults.ts";
import { LEDGER_ID } from "./ledger_fixture.ts";
import { NOW_MS } from "./sqlite_fixture.ts";
import { likesOfVersion } from "./version_likes.ts";

const [folder = "", generation = "1"] = process.argv.slice(2);
const ids = { ledgerIdIfNew: LEDGER_ID, generation: testId(Number(generation)) };
const ledger = openSqliteLedger(folder, ids, NOW_MS);
process.on("disconnect", () => process.exit());
for (;;) {
  const outcome = await ledger.transact([], (transaction) => {
    const meta = transaction.meta();
    const version = meta.version + 1;
    const likes = likesOfVersion(version);
    for (const [itemId, gained] of likes) transaction.addLikes(itemId, gained);
    const gained = [...likes.values()].reduce((sum, one) => sum + one);
    const totalLikes = meta.totalLikes + gained;
    transaction.setMeta({ ...meta, version, totalLikes, totalVersion: version });
    return version;
  });
  if (outcome.type !== "done") throw new Error(outcome.type);
  process.send?.(outcome.value);
  ledger.fold(1 + (outcome.value % 50));
  await new Promise((resolve) => void setImmediate(resolve));
}
