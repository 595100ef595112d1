/** Tests when a LikesServer counts as connected, and how it backs off until then. */
import { test } from "uvu";
import * as assert from "uvu/assert";
import { PULSE_WAIT_MAX_MS } from "../../../src/limits.ts";
import { FIRST, ack } from "../core_fixture.ts";
import { LikesServerHarness } from "./likes_server_harness.ts";

test("handle() backs off further when streams end soon after their Welcome", async () => {
  const server = await LikesServerHarness.admitted();
  const attempts: number[] = [];
  for (let index = 0; index < 3; index++) {
    server.drive({ type: "broken", streamId: server.streamId, reason: "refused" });
    const [notice] = server.notices("disconnected").slice(-1);
    attempts.push(notice?.type === "disconnected" ? notice.attempts : 0);
    await server.connect();
    await server.receive(ack(FIRST));
  }
  assert.equal(attempts, [1, 2, 3]);
  await server.pulse({ version: 2 });
  server.drive({ type: "broken", streamId: server.streamId, reason: "gone" });
  const notice = server.notices("disconnected").at(-1);
  assert.is(notice?.type === "disconnected" && notice.attempts, 1, "the ledger was written");
});

test("handle() is connected once admitted, and not at the Welcome", async () => {
  const server = await LikesServerHarness.start();
  for (let attempts = 1; attempts <= 3; attempts++) {
    await server.connect();
    await server.pulse({ version: 5 });
    server.drive({ type: "broken", streamId: server.streamId, reason: "no room for it" });
  }
  assert.is(server.notices("connected").length, 0);
  assert.equal(
    server.notices("disconnected").map((one) => one.type === "disconnected" && one.attempts),
    [1, 2, 3],
  );
  await server.connect();
  await server.receive(ack(FIRST, { version: 2 }));
  await server.receive(ack(FIRST, { version: 3 }));
  assert.is(server.notices("connected").length, 1);
});

test("handle() is connected again when the ledger is written or the stream lasts", async () => {
  for (const isWritten of [true, false]) {
    const server = await LikesServerHarness.admitted();
    const connections = (): number => server.notices("connected").length - 1;
    for (let attempts = 0; attempts < 3; attempts++) {
      server.drive({ type: "broken", streamId: server.streamId, reason: "its disk is full" });
      await server.connect();
      await server.receive(ack(FIRST));
      await server.pulse();
    }
    assert.is(connections(), 0, "the next commit may be refused too");
    if (isWritten) await server.pulse({ version: 2 });
    for (let passedMs = 0; passedMs < PULSE_WAIT_MAX_MS; passedMs += 500) {
      assert.is(connections(), isWritten ? 1 : 0);
      await server.tick(500);
      await server.pulse({ version: isWritten ? 2 : 1 });
    }
    assert.is(connections(), 1);
  }
});

test.run();
