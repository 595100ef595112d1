/** A LikesServer that breaks the protocol: its stream ends with the right status, uncounted. */
import { test } from "uvu";
import * as assert from "uvu/assert";
import { FAULTS, STATUS } from "../../src/errors.ts";
import type { FaultCode } from "../../src/errors.ts";
import { firstDigest } from "../../src/core/protocol/record.ts";
import { recordCodec } from "../../src/format/record_codec.ts";
import {
  DeliveryPeer,
  batchAfter,
  helloOf,
  newId,
  newIdentity,
} from "../fixtures/delivery_peer.ts";
import { reportOf } from "../fixtures/delivery_peer.ts";
import { Counter } from "../fixtures/roles.ts";
import { testId } from "../store/faults.ts";

test("a stream ends when its first message is not a Hello, or none comes in time", async () => {
  await using counter = new Counter();
  await counter.startPrimary();
  await using silent = new DeliveryPeer(counter.primary);
  const { incarnation } = newIdentity("a");
  await using early = new DeliveryPeer(counter.primary);
  early.say(reportOf(incarnation, 1, {}));
  await expectEnd(early, "message_invalid", "before the Welcome");
  await using empty = new DeliveryPeer(counter.primary);
  empty.sayRaw({});
  await expectEnd(empty, "message_invalid", "message");
  await using malformed = new DeliveryPeer(counter.primary);
  malformed.sayRaw({ hello: { protocolVersion: 1, serverId: "a", outboxId: "x" } });
  await expectEnd(malformed, "message_invalid", "outbox_id");
  await expectEnd(silent, "peer_silent", "Hello");
});

test("a stream ends when a Hello is not acceptable", async () => {
  await using counter = new Counter();
  await counter.startPrimary();
  const identity = newIdentity("a");
  await using twice = await DeliveryPeer.welcomed(counter.primary, identity);
  twice.say(helloOf(identity, {}));
  await expectEnd(twice, "message_invalid", "a second Hello");
  await using newer = new DeliveryPeer(counter.primary);
  newer.say(helloOf(identity, { protocolVersion: 2 }));
  await expectEnd(newer, "protocol_version", "run the same release on both sides");
  await using stranger = new DeliveryPeer(counter.primary);
  const seen = { ledgerId: newId(), generation: newId(), version: 5 };
  stranger.say(helloOf(identity, { seen }));
  await expectEnd(stranger, "ledger_other", "its own primary");
  await using older = await DeliveryPeer.welcomed(counter.primary, identity);
  await using other = await DeliveryPeer.welcomed(counter.primary, identity);
  await expectEnd(older, "replaced", "a newer Hello");
  await other.report(identity);
});

test("an unreachable address is not passed on, and its LikesServer still counts", async () => {
  await using counter = new Counter();
  await counter.startPrimary();
  for (const address of [
    "0.0.0.0:50052",
    "[::]:50052",
    "127.0.0.1:0",
    "unix:/tmp/socket",
    "",
    "a b:1",
  ]) {
    const identity = newIdentity("a");
    await using peer = await DeliveryPeer.welcomed(counter.primary, identity, { address });
    await peer.report(identity);
    await peer.next("ack");
    const { servers } = await counter.status();
    const found = servers.find(({ outboxId }) => outboxId === identity.outboxId);
    assert.is(found?.address, "", address);
    assert.is(found?.state, "streaming", address);
  }
  const { code, stderr } = await counter.likes(["add", "video", "--primary", counter.primary]);
  assert.is(code, 3, stderr);
  assert.match(stderr, /without an address that is reachable from here; give one with --server/);
});

test("a stream ends when a message is of another incarnation or answers no pulse", async () => {
  await using counter = new Counter();
  await counter.startPrimary();
  const identity = newIdentity("a");
  await using foreign = await DeliveryPeer.welcomed(counter.primary, identity);
  foreign.say(batchAfter(newId()).batch);
  await expectEnd(foreign, "message_invalid", "of incarnation");
  await using reporting = await DeliveryPeer.welcomed(counter.primary, identity);
  await reporting.report({ ...identity, incarnation: newId() });
  await expectEnd(reporting, "message_invalid", "of incarnation");
  await using guessing = await DeliveryPeer.welcomed(counter.primary, identity);
  guessing.say(reportOf(identity.incarnation, 1, {}));
  await expectEnd(guessing, "message_invalid", "pulse time 1");
  await using thief = await DeliveryPeer.admitted(counter.primary, identity);
  await using victim = new DeliveryPeer(counter.primary);
  victim.say(helloOf({ ...identity, outboxId: newId() }, {}));
  await expectEnd(victim, "message_invalid", "another outbox");
  void thief;
});

test("a batch that does not follow the applied sequence ends its stream, uncounted", async () => {
  await using counter = new Counter();
  await counter.startPrimary();
  const identity = newIdentity("a");
  const { incarnation } = identity;
  const first = batchAfter(incarnation, undefined, [1, 2, 3]);
  await using early = await DeliveryPeer.welcomed(counter.primary, identity);
  early.say(first.batch);
  await expectEnd(early, "resynchronise", "before the first report");
  {
    await using honest = await DeliveryPeer.admitted(counter.primary, identity);
    honest.say(first.batch);
    assert.is((await honest.next("ack")).appliedSequence, 3);
    honest.say(first.batch);
    assert.is((await honest.next("ack")).appliedSequence, 3, "a repetition does no harm");
  }
  const next = batchAfter(incarnation, first.after, [4]);
  const bytes = recordCodec.encode({ itemId: "video", change: { kind: "add", likes: 5n } });
  const { events } = next.batch;
  const wrong = {
    gap: batchAfter(incarnation, next.after).batch,
    overlap: batchAfter(incarnation, undefined, [1, 2, 3, 4]).batch,
    "wrong digest": { ...next.batch, digest: testId(1) },
    "other bytes": { ...next.batch, records: [{ events, bytes }] },
    "too short": { ...next.batch, events: { ...events, last: 5 } },
  };
  for (const [what, batch] of Object.entries(wrong)) {
    await using peer = await DeliveryPeer.welcomed(counter.primary, identity);
    peer.say(batch);
    const { code } = await peer.ended();
    assert.is(code, STATUS.ABORTED, what);
  }
  assert.is((await counter.status()).totalLikes, 6n);
  await using again = await DeliveryPeer.welcomed(counter.primary, identity);
  assert.is((await again.next("welcome")).digest, first.after.digest);
  again.say(next.batch);
  assert.is((await again.next("ack")).appliedSequence, 4);
  assert.is((await counter.status()).totalLikes, 10n);
});

test("an event of an unknown kind is rejected with its batch", async () => {
  await using counter = new Counter();
  await counter.startPrimary();
  const identity = newIdentity("a");
  const { incarnation } = identity;
  const known = recordCodec.encode({ itemId: "video", change: { kind: "add", likes: 5n } });
  const kinds = { absent: [0x0a, 3, 0x0a, 1, 0x61], newer: [0x0a, 5, 0x0a, 1, 0x61, 0x18, 7] };
  for (const [what, kind] of Object.entries(kinds)) {
    await using peer = await DeliveryPeer.admitted(counter.primary, {
      ...identity,
      serverId: what,
    });
    const bytes = Buffer.concat([known, Buffer.from(kind)]);
    const events = { first: 1, last: 2 };
    const digest = recordCodec.digest(firstDigest(incarnation), 1, bytes);
    peer.say({ type: "batch", incarnation, events, records: [{ events, bytes }], digest });
    await expectEnd(peer, "change_unknown", "Cannot apply #2");
  }
  assert.is((await counter.status()).totalLikes, 0n);
});

async function expectEnd(peer: DeliveryPeer, fault: FaultCode, text: string): Promise<void> {
  const end = await peer.ended();
  assert.is(end.fault, fault, end.details);
  assert.is(end.code, STATUS[FAULTS[fault].status]);
  assert.ok(end.details.includes(text), end.details);
}

test.run();
