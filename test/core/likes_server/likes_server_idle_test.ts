/** Tests incarnations that accepted nothing: how they are reported, and how many are kept. */
import { test } from "uvu";
import * as assert from "uvu/assert";
import { OutboxDisk } from "../../../src/store/outbox/memory_outbox.ts";
import { testId } from "../../store/faults.ts";
import { FIRST, OUTBOX, SECOND, ack } from "../core_fixture.ts";
import { LikesServerHarness } from "./likes_server_harness.ts";

const RESTORED = { redeliver: true, generation: testId(0x92) };

test("handle() ends idle incarnations at a restored ledger before it reports its own", async () => {
  const idle = await LikesServerHarness.admitted();
  const server = await idle.restart(SECOND);
  await server.connect();
  await server.receive(ack(FIRST, { closed: true, version: 9 }));
  await server.connect();
  server.drive({ type: "broken", streamId: server.streamId, reason: "gone" });
  await server.connect(RESTORED);
  await server.connect();
  const { incarnation, final, lastSequence } = server.reports.at(-1) ?? {};
  assert.equal([incarnation, final, lastSequence], [FIRST, true, 0]);
  await server.receive(ack(FIRST, { closed: true }));
  await server.connect();
  assert.is(server.reports.at(-1)?.incarnation, SECOND);
});

test("handle() ends the idle incarnation in which it left when a ledger forgot that", async () => {
  const before = await LikesServerHarness.admitted();
  before.drive({ type: "stop", leave: true });
  await before.settle();
  await before.pulse();
  await before.receive(ack(FIRST, { closed: true, left: true, version: 9 }));
  const server = await before.restart(SECOND);
  await server.connect(RESTORED);
  await server.connect();
  assert.is(server.hello.incarnation, FIRST);
  assert.equal([server.reports.at(-1)?.final, server.reports.at(-1)?.lastSequence], [true, 0]);
});

test("handle() keeps few incarnations of a crash loop without a primary", async () => {
  const disk = new OutboxDisk(OUTBOX, "likes-server-0");
  const retain = { ageMs: Infinity, bytesMax: 1e6, incarnationsMax: 2 };
  for (let index = 1; index <= 9; index++) {
    const server = await LikesServerHarness.start({ disk, retain, incarnation: testId(index) });
    await server.tick(1);
  }
  assert.equal(
    disk.content.state.incarnations.map(({ incarnation }) => incarnation),
    [1, 2, 3, 9].map(testId),
  );
});

test.run();
