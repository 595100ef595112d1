/** Tests the bounds of a LikesServer's outbox and reports, each at its real value. */
import { test } from "uvu";
import * as assert from "uvu/assert";
import { BACKOFF_MAX_MS, OUTBOX_BYTES_MAX, TROUBLES_MAX } from "../../../src/limits.ts";
import { FIRST, ack } from "../core_fixture.ts";
import { LikesServerHarness } from "./likes_server_harness.ts";

test("handle() refuses likes while the outbox is full", async () => {
  const server = await LikesServerHarness.admitted();
  const last = server.add(1);
  // The disk reports that this one filled the outbox.
  server.observed = (state) => ({ ...state, bytes: OUTBOX_BYTES_MAX, retainedBytes: 0 });
  await server.settle();
  server.observed = (state) => state;
  assert.is(server.outcomeText(last), "#1");
  assert.is(server.outcomeText(server.add(1)), "outbox_full");
  // The primary acknowledges everything. Retained events take no room.
  server.drive({ type: "received", streamId: server.streamId, message: ACKNOWLEDGED });
  await server.pulse();
  const next = server.add(1);
  await server.settle();
  assert.is(server.outcomeText(next), "#2");
});

test("handle() reports the oldest TROUBLES_MAX troubles", async () => {
  const server = await LikesServerHarness.admitted();
  const parked = TROUBLES_MAX + 4;
  for (let number = 0; number < parked; number++) {
    server.drive({ type: "broken", streamId: server.streamId, reason: "gone" });
    await server.tick(BACKOFF_MAX_MS);
    await server.connect({ appliedSequence: 99 });
  }
  await server.tick(BACKOFF_MAX_MS);
  await server.connect();
  await server.pulse();
  const { troubles, otherPendingEvents } = server.reports.at(-1) ?? { troubles: [] };
  assert.is(troubles.length, TROUBLES_MAX);
  assert.is(otherPendingEvents, parked - TROUBLES_MAX, "the other troubles are reported later");
  const first = server.writes.find(({ type }) => type === "park");
  assert.ok(first?.type === "park");
  assert.is(troubles[0]?.incarnation, first.incarnation);
  assert.is(server.core.isAccepting, true);
});

const ACKNOWLEDGED = ack(FIRST, { appliedSequence: 1 });

test.run();
