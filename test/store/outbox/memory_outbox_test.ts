import { test } from "uvu";
import * as assert from "uvu/assert";
import { MemoryOutbox, OutboxDisk } from "../../../src/store/outbox/memory_outbox.ts";
import { OUTBOX_ID, SERVER_ID, append, positionAt } from "./outbox_fixture.ts";
import { acceptOutbox } from "./outbox_acceptance.ts";
import type { OutboxFixture } from "./outbox_fixture.ts";
import { faultOf, testId } from "../faults.ts";

const INCARNATION = testId(1);

acceptOutbox(test, makeFixture);

test("failNext() keeps a write in doubt on the disk when asked to", async () => {
  const disk = new OutboxDisk(OUTBOX_ID, SERVER_ID);
  disk.failNext("in_doubt_kept");
  const store = new MemoryOutbox(disk);
  await faultOf("store_failed", () =>
    store.write([{ type: "mint", incarnation: INCARNATION }, append(INCARNATION, [1, 1])]),
  );
  const { incarnations } = await new MemoryOutbox(disk).load();
  assert.equal(incarnations[0]?.last, positionAt(1));
});

test("clone() stays the same when the disk changes", async () => {
  const disk = new OutboxDisk(OUTBOX_ID, SERVER_ID);
  const store = new MemoryOutbox(disk);
  await store.write([{ type: "mint", incarnation: INCARNATION }, append(INCARNATION, [1, 1])]);
  const copy = disk.clone();
  await store.write([append(INCARNATION, [2, 2])]);
  const restored = new MemoryOutbox(copy);
  assert.is((await restored.read(INCARNATION, 0, 100, 100)).records.length, 1);
  await restored.write([append(INCARNATION, [2, 4])]);
  restored.close();
  assert.is((await store.read(INCARNATION, 0, 100, 100)).end?.sequence, 2);
});

test.run();

function makeFixture(): OutboxFixture {
  const disk = new OutboxDisk(OUTBOX_ID, SERVER_ID);
  return {
    open: () => new MemoryOutbox(disk),
    openFull() {
      disk.failNext("disk_full");
      return new MemoryOutbox(disk);
    },
    breakDisk() {
      disk.failNext("in_doubt_lost");
    },
    async [Symbol.asyncDispose]() {},
  };
}
