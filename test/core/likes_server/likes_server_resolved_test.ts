import { test } from "uvu";
import * as assert from "uvu/assert";
import { testId } from "../../store/faults.ts";
import { FIRST, ack, batches } from "../core_fixture.ts";
import { LikesServerHarness } from "./likes_server_harness.ts";

const NOTHING = { ageMs: Infinity, bytesMax: 0 };
const [ONE] = batches(FIRST, [[1], [2]]);

function kinds(server: LikesServerHarness): readonly string[] {
  return server.core.troubles.map(({ kind }) => kind);
}

function gone(server: LikesServerHarness): void {
  server.drive({ type: "broken", streamId: server.streamId, reason: "gone" });
}

function stateOf(server: LikesServerHarness, incarnation = FIRST) {
  return server.disk.content.state.incarnations.find((one) => one.incarnation === incarnation);
}

test("handle() delivers the events after a gap when an operator has closed it", async () => {
  const server = await LikesServerHarness.admitted({ retain: NOTHING });
  for (const likes of [1, 2]) {
    server.add(likes);
    await server.settle();
    if (likes === 1) await server.receive(ack(FIRST, { appliedSequence: 1 }));
    await server.pulse();
  }
  gone(server);
  await server.connect({ appliedSequence: 0, redeliver: true });
  await server.connect({ appliedSequence: 0 });
  assert.is(stateOf(server)?.parked?.kind, "gap");
  await server.tick(1_000);
  await server.connect();
  const own = server.hello.incarnation;
  assert.is.not(own, FIRST);
  await server.receive(ack(own, { resolved: [FIRST] }));
  assert.is(stateOf(server)?.parked, undefined);
  const sent = server.batches.length;
  await server.connect({ appliedSequence: 1, digest: ONE.digest });
  assert.is(server.hello.incarnation, FIRST);
  assert.equal(
    server.batches.slice(sent).map(({ events }) => events.first),
    [2],
  );
});

test("handle() closes a rolled back incarnation when an operator has resolved it", async () => {
  const server = await LikesServerHarness.admitted();
  server.add(1);
  await server.settle();
  gone(server);
  await server.connect({ appliedSequence: 5, digest: testId(5) });
  await server.tick(1_000);
  await server.connect();
  const own = server.hello.incarnation;
  await server.receive(ack(own, { resolved: [FIRST] }));
  assert.equal(kinds(server), []);
  assert.is(stateOf(server)?.closed, true);
  assert.is(server.core.pendingEvents, 0);
  assert.is(server.hello.incarnation, own, "the stream continues");
  await server.receive(ack(own, { resolved: [FIRST] }));
  assert.is(server.writes.filter(({ type }) => type === "close").length, 1);
});

test.run();
