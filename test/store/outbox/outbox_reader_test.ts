import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "uvu";
import * as assert from "uvu/assert";
import { readOutbox } from "../../../src/store/outbox/outbox_reader.ts";
import { openSqliteOutbox } from "../../../src/store/outbox/sqlite_outbox.ts";
import { temporaryFolder } from "../../fixtures/temporary_folder.ts";
import { faultOf, testId } from "../faults.ts";
import { holderProcess } from "../holder_process.ts";
import { OUTBOX_ID, SERVER_ID, acknowledge, append } from "./outbox_fixture.ts";

const OLD = testId(1);
const NEW = testId(2);
const OF_HOLDER = {
  outboxId: OUTBOX_ID,
  serverId: SERVER_ID,
  events: 2,
  likes: 20n,
  mark: "tick 1",
  pendingEvents: 1,
};

test("readOutbox() counts acknowledged, closed and removed events too", async () => {
  await using folder = temporaryFolder();
  const outbox = openSqliteOutbox(folder.path, SERVER_ID, OUTBOX_ID);
  const empty = { ...OF_HOLDER, events: 0, likes: 0n, mark: undefined, pendingEvents: 0 };
  assert.equal(readOutbox(folder.path), empty);
  await outbox.write([
    { type: "mint", incarnation: OLD },
    append(OLD, [1, 4], { mark: "tick 4" }),
    { type: "close", incarnation: OLD },
    { type: "mint", incarnation: NEW },
    append(NEW, [1, 2]),
    append(NEW, [3, 3]),
    acknowledge(NEW, 2),
  ]);
  const tally = { ...empty, events: 7, likes: 70n, mark: "tick 4", pendingEvents: 1 };
  assert.equal(readOutbox(folder.path), tally);
  await outbox.write([{ type: "evict", bytesMax: 0, closedMax: 0 }]);
  assert.equal(readOutbox(folder.path), tally, "removed events still count");
  outbox.close();
  assert.equal(readOutbox(folder.path), tally);
  const again = openSqliteOutbox(folder.path, SERVER_ID, OUTBOX_ID);
  assert.is(await again.write([append(NEW, [4, 4])]), "done");
  again.close();
});

test("readOutbox() reads while the owner runs and after it was killed", async () => {
  await using folder = temporaryFolder();
  await using holder = await holderProcess(folder.path);
  assert.equal(readOutbox(folder.path), OF_HOLDER);
  await holder.kill();
  assert.equal(readOutbox(folder.path), OF_HOLDER);
  const outbox = openSqliteOutbox(folder.path, SERVER_ID, OUTBOX_ID);
  assert.is((await outbox.load()).incarnations.length, 1);
  assert.equal(readOutbox(folder.path), OF_HOLDER);
  outbox.close();
});

test("readOutbox() is undecided when there is no outbox, or a damaged one", async () => {
  await using folder = temporaryFolder();
  const missing = await faultOf("undecided", () => readOutbox(folder.path));
  assert.match(missing.message, `Cannot read the outbox of "${folder.path}"`);
  await faultOf("undecided", () => readOutbox(join(folder.path, "nowhere")));
  const path = join(folder.path, "outbox.sqlite");
  writeFileSync(path, "");
  await faultOf("undecided", () => readOutbox(folder.path));
  writeFileSync(path, "likes\n".repeat(1_000));
  await faultOf("undecided", () => readOutbox(folder.path));
});

test.run();
