import { mkdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "uvu";
import * as assert from "uvu/assert";
import { fingerprintOf } from "../../src/format/pseudonym.ts";
import { SERVER_IDS_TRIED_MAX } from "../../src/limits.ts";
import { cannotMint, openOutbox } from "../../src/roles/open_outbox.ts";
import { takeProcessLock } from "../../src/store/sqlite/process_lock.ts";
import { temporaryFolder } from "../fixtures/temporary_folder.ts";
import { faultOf } from "../store/faults.ts";

test("openOutbox() takes the lowest free likes-server-N when no id is given", async () => {
  await using folder = temporaryFolder();
  const opened = [0, 1, 2].map(() => openOutbox(folder.path, undefined));
  assert.equal(
    opened.map(({ serverId }) => serverId),
    ["likes-server-0", "likes-server-1", "likes-server-2"],
  );
  const outboxId = (await opened[1]?.store.load())?.outboxId;
  opened[1]?.store.close();
  const again = openOutbox(folder.path, undefined);
  assert.is(again.serverId, "likes-server-1");
  assert.is((await again.store.load()).outboxId, outboxId, "it continues with the same outbox");
  for (const { store } of [opened[0], opened[2], again].filter((one) => one !== undefined)) {
    store.close();
  }
});

test("openOutbox() opens the given id, and refuses one in use", async () => {
  await using folder = temporaryFolder();
  const { serverId, store } = openOutbox(folder.path, "fra-1");
  assert.is(serverId, "fra-1");
  const { message } = await faultOf("store_locked", () => openOutbox(folder.path, "fra-1"));
  assert.match(message, join(folder.path, "fra-1"));
  store.close();
});

test("openOutbox() does not skip a damaged outbox", async () => {
  await using folder = temporaryFolder();
  mkdirSync(join(folder.path, "likes-server-0"));
  const text = "this is not a database, and long enough to be looked at".repeat(100);
  writeFileSync(join(folder.path, "likes-server-0", "outbox.sqlite"), text);
  await faultOf("store_unusable", () => openOutbox(folder.path, undefined));
});

test("openOutbox() takes another secret until the outbox is admitted, and refuses it from then on", async () => {
  await using folder = temporaryFolder();
  openOutbox(folder.path, "a").store.close();
  const path = join(folder.path, "persons.secret");
  rmSync(path);
  const { store, secret } = openOutbox(folder.path, "a");
  const fingerprint = fingerprintOf(secret);
  await store.write([{ type: "membership", membership: "member", seen: undefined, fingerprint }]);
  store.close();
  const own = readFileSync(path);
  rmSync(path);
  const { message } = await faultOf("secret_differs", () => openOutbox(folder.path, "a"));
  assert.match(message, `Cannot start a: ${JSON.stringify(path)} has fingerprint `);
  assert.match(
    message,
    `admitted with ${fingerprint}; restore that file from a backup, or copy it`,
  );
  writeFileSync(path, own);
  openOutbox(folder.path, "a").store.close();
});

test("openOutbox() fails when all the ids that it tries are in use", async () => {
  await using folder = temporaryFolder();
  const locks = Array.from({ length: SERVER_IDS_TRIED_MAX }, (_, number) => {
    const path = join(folder.path, `likes-server-${number}`);
    mkdirSync(path);
    return takeProcessLock(join(path, "outbox.lock"));
  });
  const { message } = await faultOf("store_locked", () => openOutbox(folder.path, undefined));
  assert.match(message, `likes-server-${SERVER_IDS_TRIED_MAX - 1}`);
  assert.match(message, "--id");
  locks.pop()?.release();
  const { serverId, store } = openOutbox(folder.path, undefined);
  assert.is(serverId, `likes-server-${SERVER_IDS_TRIED_MAX - 1}`);
  store.close();
  for (const lock of locks) lock?.release();
});

test("cannotMint() distinguishes a full disk from a busy outbox", () => {
  const full = cannotMint("disk_full", "a");
  assert.equal([full.code, full.message.includes("disk is full")], ["disk_full", true]);
  const busy = cannotMint("store_busy", "a");
  assert.is(busy.code, "store_busy");
  assert.match(busy.message, "another program is writing to its outbox; end that program");
});

test.run();
