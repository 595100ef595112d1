/** Tests which outboxes a start hashes: by their size, and by how the last process ended. */
import { copyFileSync, mkdirSync, statSync } from "node:fs";
import { join } from "node:path";
import protobuf from "protobufjs";
import { test } from "uvu";
import * as assert from "uvu/assert";
import type { OutboxWrite } from "../../../src/core/likes_server/outbox.ts";
import { origin } from "../../../src/core/protocol/record.ts";
import { VERIFY_ROWS_BYTES_MAX } from "../../../src/limits.ts";
import { recordCodec } from "../../../src/format/record_codec.ts";
import { Database } from "../../../src/store/sqlite/sqlite.ts";
import { openSqliteOutbox } from "../../../src/store/outbox/sqlite_outbox.ts";
import { temporaryFolder } from "../../fixtures/temporary_folder.ts";
import { faultOf, testId } from "../faults.ts";
import { OUTBOX_ID, SERVER_ID, acknowledge } from "./outbox_fixture.ts";

const FILE = "outbox.sqlite";
const INCARNATION = testId(1);
const RECORDS = 9;
const DAMAGED = 5;
const DIFFERS = `#${DAMAGED} to #${DAMAGED} have another digest than the one stored`;

test("verifyRecords() hashes a large outbox after a crash, not after a clean end", async () => {
  await using folder = temporaryFolder();
  const crashed = join(folder.path, "crashed");
  mkdirSync(crashed);
  const outbox = open(folder.path);
  await outbox.write(records(VERIFY_ROWS_BYTES_MAX / (RECORDS - 1)));
  damage(folder.path);
  for (const suffix of ["", "-wal"]) {
    copyFileSync(join(folder.path, FILE + suffix), join(crashed, FILE + suffix));
  }
  outbox.close();
  const { message } = await faultOf("store_unusable", () => open(crashed));
  assert.match(message, DIFFERS);
  const again = open(folder.path);
  const read = await faultOf("store_failed", () => again.read(INCARNATION, 0, 1e9, RECORDS));
  assert.match(read.message, DIFFERS, "unhashed records are hashed when they are read");
  again.close();
});

test("verifyRecords() hashes an outbox that was large and has little now", async () => {
  await using folder = temporaryFolder();
  const outbox = open(folder.path);
  await outbox.write(records(10));
  outbox.close();
  damage(folder.path);
  const database = new Database(join(folder.path, FILE));
  database.exec(`CREATE TABLE bulk AS SELECT zeroblob(${VERIFY_ROWS_BYTES_MAX})`);
  database.exec("DROP TABLE bulk");
  database.close();
  assert.ok(statSync(join(folder.path, FILE)).size > VERIFY_ROWS_BYTES_MAX);
  const { message } = await faultOf("store_unusable", () => open(folder.path));
  assert.match(message, DIFFERS);
});

test("verifyRecords() detects acknowledged events without records", async () => {
  await using folder = temporaryFolder();
  const outbox = open(folder.path);
  await outbox.write([...records(10), acknowledge(INCARNATION, RECORDS)]);
  outbox.close();
  open(folder.path).close();
  const database = new Database(join(folder.path, FILE));
  database.exec(`DELETE FROM records WHERE last_sequence = ${RECORDS}`);
  database.close();
  const { message } = await faultOf("store_unusable", () => open(folder.path));
  assert.match(message, `#${RECORDS} is acknowledged, but is not the end of a record`);
});

test("verifyRecords() describes how another program changed the records", async () => {
  const changes = {
    "origin is not that of a new incarnation": "UPDATE incarnations SET trimmed_likes = 1",
    "#5 to #5 do not follow #3": "DELETE FROM records WHERE last_sequence = 4",
    "#3 to #3 have other likes": "UPDATE records SET likes = likes + 1 WHERE last_sequence = 3",
  };
  for (const [found, change] of Object.entries(changes)) {
    await using folder = temporaryFolder();
    const outbox = open(folder.path);
    await outbox.write(records(10));
    outbox.close();
    const database = new Database(join(folder.path, FILE));
    database.exec(change);
    database.close();
    const { message } = await faultOf("store_unusable", () => open(folder.path));
    assert.match(message, found);
  }
});

test("verifyRecords() counts an event of a newer kind as 0 likes", async () => {
  await using folder = temporaryFolder();
  const outbox = open(folder.path);
  const later = protobuf.Writer.create().uint32(10).fork().uint32(10).string("video");
  const bytes = later.uint32(24).uint64(7).ldelim().finish();
  const record = { events: { first: 1, last: 1 }, bytes };
  const digest = recordCodec.digest(INCARNATION, 1, bytes);
  const last = { sequence: 1, digest, likes: 0n };
  const append = { type: "append", incarnation: INCARNATION, record, last } as const;
  const mint = { type: "mint", incarnation: INCARNATION } as const;
  await outbox.write([mint, { ...append, mark: undefined }]);
  outbox.close();
  const again = open(folder.path);
  assert.equal(again.state.incarnations[0]?.last, last);
  again.close();
});

test.run();

function open(folder: string) {
  return openSqliteOutbox(folder, SERVER_ID, OUTBOX_ID, { codec: recordCodec });
}

/** Writes of an incarnation with one event per record, whose item id has `bytes` letters. */
function records(bytes: number): OutboxWrite[] {
  const writes: OutboxWrite[] = [{ type: "mint", incarnation: INCARNATION }];
  const event = { itemId: "x".repeat(bytes), change: { kind: "add", likes: 1n } } as const;
  const encoded = recordCodec.encode(event);
  let { digest } = origin(INCARNATION);
  for (let sequence = 1; sequence <= RECORDS; sequence++) {
    digest = recordCodec.digest(digest, sequence, encoded);
    const record = { events: { first: sequence, last: sequence }, bytes: encoded };
    const last = { sequence, digest, likes: BigInt(sequence) };
    const mark = undefined;
    writes.push({ type: "append", incarnation: INCARNATION, record, last, mark });
  }
  return writes;
}

/** Changes the digest of one record, so that it does not match the events. */
function damage(folder: string): void {
  const database = new Database(join(folder, FILE));
  database.exec(`UPDATE records SET digest = '${testId(0xbad)}' WHERE last_sequence = ${DAMAGED}`);
  database.close();
}
