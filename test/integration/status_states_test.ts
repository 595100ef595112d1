/** The status while all disks work: it never claims more than it can know. */
import { test } from "uvu";
import * as assert from "uvu/assert";
import type { Status } from "../../src/core/primary/status.ts";
import { MEMBER_SILENT_MS } from "../../src/limits.ts";
import { DeliveryPeer, batchAfter, newIdentity } from "../fixtures/delivery_peer.ts";
import { becomes, eventually } from "../fixtures/eventually.ts";
import { expectExact } from "../fixtures/expect_exact.ts";
import { Counter } from "../fixtures/roles.ts";

const WAIT = ["status", "--wait", "--json", "--timeout"];

test("the status is CONVERGED without members, and as_of advances", async () => {
  await using counter = new Counter();
  await counter.startPrimary();
  const { code, stdout } = await counter.likes([...WAIT, "10s", "--primary", counter.primary]);
  assert.is(code, 0, stdout);
  const status = await counter.status();
  assert.is(status.convergence, "converged");
  assert.is(status.everywhere, true);
  assert.equal(status.servers, []);
  await becomes("a later as_of", async () => {
    return (await counter.status()).asOfMs > status.asOfMs;
  });
});

test("the status is UNKNOWN after a restart until each member has answered", async () => {
  await using counter = new Counter();
  const primary = await counter.startPrimary();
  const a = await counter.startAccepting("a");
  const b = await counter.startAccepting("b");
  await counter.add(a, 5);
  await expectExact(counter, { a, b }, []);
  const before = await counter.status();
  b.signal("SIGSTOP");
  await primary.end("SIGKILL");
  await counter.startPrimary();
  await becomes("a streaming", async () => stateOf(await counter.status(), "a") !== "silent");
  const after = await counter.status();
  assert.is(after.convergence, "unknown");
  assert.is(after.everywhere, false);
  assert.is(stateOf(after, "b"), "silent");
  assert.is(after.totalLikes, 5n);
  assert.is(after.asOfMs, before.asOfMs, "as_of is the committed one");
  assert.is.not(after.generation, before.generation);
  b.signal("SIGCONT");
  await expectExact(counter, { a, b }, []);
  assert.ok((await counter.status()).asOfMs > after.asOfMs);
});

test("a suspended member makes the status UNKNOWN, and delays --wait", async () => {
  await using counter = new Counter();
  await counter.startPrimary();
  const a = await counter.startAccepting("a");
  const b = await counter.startAccepting("b");
  await counter.add(a, 5);
  await expectExact(counter, { a, b }, []);
  b.signal("SIGSTOP");
  const silent = await eventually("UNKNOWN", async () => {
    const status = await counter.status();
    return status.convergence === "unknown" ? status : undefined;
  });
  assert.is(stateOf(silent, "b"), "silent");
  assert.is(stateOf(silent, "a"), "streaming");
  const silentForMs = silent.servers.find(({ serverId }) => serverId === "b")?.silentForMs ?? 0;
  assert.ok(silentForMs >= MEMBER_SILENT_MS, `${silentForMs}`);
  const waited = await counter.likes([...WAIT, "1s", "--primary", counter.primary]);
  assert.is(waited.code, 4);
  assert.match(waited.stdout, "b (silent)");
  await counter.add(a, 7);
  await becomes("the likes of the others counted", async () => {
    return (await counter.status()).totalLikes === 12n;
  });
  const frozen = await counter.status();
  assert.ok(frozen.asOfMs <= silent.nowMs, "as_of waits for the suspended one");
  b.signal("SIGCONT");
  await expectExact(counter, { a, b }, []);
});

test("a killed member stays a member until it is back", async () => {
  await using counter = new Counter();
  await counter.startPrimary();
  const a = await counter.startAccepting("a");
  await a.end("SIGKILL");
  const status = await eventually("UNKNOWN", async () => {
    const found = await counter.status();
    return found.convergence === "unknown" ? found : undefined;
  });
  assert.is(stateOf(status, "a"), "silent");
  const back = await counter.startLikes("a");
  await expectExact(counter, { a: back }, []);
});

test("the status is CATCHING_UP until reported events are applied and shown", async () => {
  await using counter = new Counter();
  await counter.startPrimary();
  const identity = newIdentity("made-up");
  const named = { lastSequence: 3, acceptedLikes: 6n };
  await using peer = await DeliveryPeer.admitted(counter.primary, identity, named);
  const before = await counter.status();
  assert.is(before.convergence, "catching_up");
  assert.is(before.everywhere, false);
  assert.is(before.pendingEvents, 3);
  const [server] = before.servers;
  assert.is(server?.lastSequence, 3);
  assert.is(server?.appliedSequence, 0);
  assert.is(server?.acceptedLikes, 6n);
  assert.is(server?.appliedLikes, 0n);

  peer.say(batchAfter(identity.incarnation, undefined, [1, 2, 3]).batch);
  await peer.next("ack");
  const applied = await counter.status();
  assert.is(applied.convergence, "converged");
  assert.is(applied.pendingEvents, 0);
  assert.is(applied.totalLikes, 6n);
  assert.is(applied.everywhere, false, "its LikesServer has not confirmed that it shows the total");

  const { version: shownVersion, totalLikes: shownTotalLikes } = applied;
  await peer.report(identity, { ...named, shownVersion, shownTotalLikes });
  await becomes("the total shown everywhere", async () => {
    return (await counter.status()).everywhere;
  });
});

function stateOf({ servers }: Status, id: string): string | undefined {
  return servers.find(({ serverId }) => serverId === id)?.state;
}

test.run();
