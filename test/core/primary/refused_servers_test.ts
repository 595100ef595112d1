import { test } from "uvu";
import * as assert from "uvu/assert";
import { RefusedServers } from "../../../src/core/primary/refused_servers.ts";
import type { ForeignServer } from "../../../src/core/primary/refused_servers.ts";
import { REFUSED_KEPT_MS, REFUSED_LISTED_MAX } from "../../../src/limits.ts";
import { testId } from "../../store/faults.ts";
import { OTHER_OUTBOX, OUTBOX } from "../core_fixture.ts";

const THEIRS = testId(0x77);
const SERVER: ForeignServer = {
  serverId: "a",
  outboxId: OUTBOX,
  address: "127.0.0.1:1",
  ledgerId: THEIRS,
  fingerprint: undefined,
  sinceMs: 500,
};

function foreignServers(): RefusedServers<ForeignServer> {
  return new RefusedServers(({ ledgerId }) => ledgerId ?? "");
}

test("add() names an outbox once, and expire() forgets who comes no longer", () => {
  const refused = foreignServers();
  assert.equal(refused.add(SERVER, 10), SERVER);
  const moved = { ...SERVER, address: "127.0.0.1:2" };
  assert.is(refused.add({ ...moved, sinceMs: 510 }, 20), undefined);
  assert.equal(refused.servers, [moved]);
  assert.is(refused.expire(20 + REFUSED_KEPT_MS), false);
  assert.is(refused.expire(21 + REFUSED_KEPT_MS), true);
  assert.equal(refused.servers, []);
});

test("add() names an outbox again when it is refused for another reason", () => {
  const refused = foreignServers();
  refused.add({ ...SERVER, sinceMs: 1 }, 0);
  refused.add({ ...SERVER, outboxId: OTHER_OUTBOX, sinceMs: 2 }, 1);
  const other = { ...SERVER, ledgerId: testId(0x78), sinceMs: 3 };
  assert.is(refused.add(other, 2)?.ledgerId, testId(0x78));
  assert.equal(
    refused.servers.map(({ ledgerId, sinceMs }) => [ledgerId, sinceMs]),
    [
      [THEIRS, 2],
      [testId(0x78), 3],
    ],
  );
});

test("add() names no more than REFUSED_LISTED_MAX, those that came first", () => {
  const refused = foreignServers();
  for (let index = 0; index < REFUSED_LISTED_MAX + 2; index++) {
    refused.add({ ...SERVER, outboxId: testId(index) }, 0);
  }
  assert.is(refused.servers.length, REFUSED_LISTED_MAX);
  assert.is(refused.servers.at(-1)?.outboxId, testId(REFUSED_LISTED_MAX - 1));
});

test("forget() drops a server that is no longer refused", () => {
  const refused = foreignServers();
  refused.add(SERVER, 0);
  refused.add({ ...SERVER, outboxId: OTHER_OUTBOX }, 0);
  refused.forget(OUTBOX);
  assert.equal(
    refused.servers.map(({ outboxId }) => outboxId),
    [OTHER_OUTBOX],
  );
});

test.run();
