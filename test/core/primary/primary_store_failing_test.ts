/** Tests a ledger that cannot be written, and the notices about LikesServers meanwhile. */
import { test } from "uvu";
import * as assert from "uvu/assert";
import { FIRST, OTHER_OUTBOX, OUTBOX, SECOND, batch, hello, report } from "../core_fixture.ts";
import { PrimaryHarness } from "./primary_harness.ts";

test("handle() ends all streams and pauses when the disk refuses a commit", async () => {
  const primary = await PrimaryHarness.start();
  await primary.join(1, { lastSequence: 1 });
  await primary.join(2, {}, { incarnation: SECOND, outboxId: OTHER_OUTBOX });
  primary.receive(1, batch(FIRST, [5]));
  primary.refuseCommit("disk_full");
  assert.equal([primary.endOf(1), primary.endOf(2)], ["disk_full", "disk_full"]);
  primary.drive({ type: "opened", streamId: 3 });
  primary.receive(3, hello());
  assert.is(primary.isCommitting, false, "it waits before the retry");
  await primary.pass(500);
  assert.is(primary.sent(3)[0]?.type, "welcome");
  assert.is(primary.notices("store_failing").length, 1);
});

test("handle() reports that another program writes when the ledger is busy", async () => {
  const primary = await PrimaryHarness.start();
  await primary.join(1, { lastSequence: 1 });
  primary.receive(1, batch(FIRST, [5]));
  primary.refuseCommit("store_busy");
  assert.is(primary.endOf(1), "store_busy");
  const end = primary.actions.findLast(({ type }) => type === "end");
  assert.match(
    end?.type === "end" ? end.refusal.message : "",
    "Cannot write the ledger: another program is writing to it; end that program",
  );
  assert.equal(primary.notices("store_failing"), [{ type: "store_failing", why: "store_busy" }]);
  assert.is(primary.status().writeFailure, "store_busy");
  await primary.pass(500);
  const welcome = await primary.handshake(2);
  assert.is(welcome.appliedSequence, 0, "nothing was applied");
  assert.is(primary.status().writeFailure, "store_busy", "a Hello writes nothing");
  primary.receive(2, report({ pulseMs: welcome.pulse.pulseMs, lastSequence: 1 }));
  primary.receive(2, batch(FIRST, [5]));
  await primary.commit();
  assert.is(primary.status().writeFailure, undefined);
  assert.equal([primary.notices("store_recovered").length, primary.core.isWriting], [1, true]);
});

test("handle() does not report a recovered store after a mere read", async () => {
  const primary = await PrimaryHarness.start();
  await primary.join(1);
  assert.is(primary.notices("connected").length, 1);
  primary.receive(1, batch(FIRST, [1]));
  primary.refuseCommit("disk_full");
  for (const streamId of [2, 3]) {
    await primary.pass(1_000);
    await primary.join(streamId, { lastSequence: 1 });
    assert.equal([primary.status().writeFailure, primary.core.isWriting], ["disk_full", false]);
    primary.receive(streamId, batch(FIRST, [1]));
    if (streamId === 2) primary.refuseCommit("disk_full");
  }
  assert.equal(
    [primary.notices("connected").length, primary.notices("store_recovered").length],
    [1, 0],
  );
  await primary.commit();
  assert.equal(
    [primary.notices("connected").length, primary.notices("store_recovered").length],
    [2, 1],
  );
  assert.is(primary.status().writeFailure, undefined);
});

test("handle() reports a LikesServer as connected once admitted, or as refused", async () => {
  const primary = await PrimaryHarness.start();
  await primary.handshake(1);
  assert.is(primary.notices("connected").length, 0);
  primary.drive({ type: "closed", streamId: 1 });
  primary.drive({ type: "opened", streamId: 2 });
  primary.receive(2, hello({ protocolVersion: 9 }));
  const told = primary.notices("disconnected").at(-1);
  assert.match(told?.type === "disconnected" ? told.reason : "", "Cannot speak protocol version 9");
  await primary.join(3);
  const [connected, ...others] = primary.notices("connected");
  assert.is(connected?.type === "connected" && connected.hello.outboxId, OUTBOX);
  assert.equal(others, []);
});

test.run();
