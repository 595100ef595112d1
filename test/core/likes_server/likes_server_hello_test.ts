import { test } from "uvu";
import * as assert from "uvu/assert";
import { FIRST, LEDGER, ack, pulse } from "../core_fixture.ts";
import { FINGERPRINT } from "../../fixtures/secret.ts";
import { LikesServerHarness } from "./likes_server_harness.ts";

test("handle() sends Hello with the newest ledger version, even if not yet written", async () => {
  const server = await LikesServerHarness.admitted();
  await server.receive(pulse({ pulseMs: 9, version: 37 }));
  const written = server.disk.content.state.seen?.version ?? 0;
  assert.ok(written < 37, "no write has put it on the disk");
  server.drive({ type: "broken", streamId: server.streamId, reason: "cut" });
  await server.tick(5_000);
  assert.is(server.hello.seen?.version, 37);
});

test("handle() sends Hello with the ledger that it joins before that is on the disk", async () => {
  const server = await LikesServerHarness.start();
  await server.connect();
  const { streamId } = server;
  // The write is pending: the disk is slow.
  server.drive({ type: "received", streamId, message: ack(FIRST) });
  server.drive({ type: "broken", streamId, reason: "cut" });
  server.nowMs += 5_000;
  server.drive({ type: "tick" });
  assert.is(server.disk.content.state.seen, undefined);
  assert.is(server.hello.seen?.ledgerId, LEDGER);
});

test("handle() sends Hello without a ledger until it joins one", async () => {
  const server = await LikesServerHarness.start();
  await server.connect();
  server.drive({ type: "broken", streamId: server.streamId, reason: "cut" });
  await server.tick(5_000);
  assert.is(server.hello.seen, undefined);
});

test("handle() sends Hello with the fingerprint, and stores it with the admission", async () => {
  const server = await LikesServerHarness.start();
  await server.connect();
  assert.is(server.hello.fingerprint, FINGERPRINT);
  assert.is(server.disk.content.state.fingerprint, undefined);
  server.drive({ type: "received", streamId: server.streamId, message: ack(FIRST) });
  await server.settle();
  const { membership, fingerprint } = server.disk.content.state;
  assert.equal([membership, fingerprint], ["member", FINGERPRINT]);
});

test.run();
