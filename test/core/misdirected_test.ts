import { test } from "uvu";
import * as assert from "uvu/assert";
import { Misdirected } from "../../src/core/misdirected.ts";
import { MEMBER_SILENT_MS, MISDIRECTED_MAX } from "../../src/limits.ts";
import { testId } from "../store/faults.ts";
import { OUTBOX, hello } from "./core_fixture.ts";

const THEIRS = testId(0x77);

test("came() names an outbox once, and expire() forgets who comes no longer", () => {
  const misdirected = new Misdirected();
  const server = {
    serverId: "a",
    outboxId: OUTBOX,
    address: "127.0.0.1:1",
    ledgerId: THEIRS,
    sinceMs: 500,
  };
  const greeting = hello({ serverId: "a", address: "127.0.0.1:1" });
  assert.equal(misdirected.came(greeting, THEIRS, 10, 500), server);
  assert.is(misdirected.came(greeting, THEIRS, 20, 510), undefined);
  assert.equal(misdirected.servers, [server]);
  assert.is(misdirected.expire(20 + MEMBER_SILENT_MS), false);
  assert.is(misdirected.expire(21 + MEMBER_SILENT_MS), true);
  assert.equal(misdirected.servers, []);
});

test("came() names an outbox again when it belongs to yet another ledger", () => {
  const misdirected = new Misdirected();
  misdirected.came(hello(), THEIRS, 0, 1);
  assert.is(misdirected.came(hello(), testId(0x78), 1, 2)?.ledgerId, testId(0x78));
  assert.equal(
    misdirected.servers.map(({ ledgerId }) => ledgerId),
    [testId(0x78)],
  );
});

test("came() names no more than MISDIRECTED_MAX, those that came first", () => {
  const misdirected = new Misdirected();
  for (let index = 0; index < MISDIRECTED_MAX + 2; index++) {
    misdirected.came(hello({ outboxId: testId(index) }), THEIRS, 0, index);
  }
  assert.is(misdirected.servers.length, MISDIRECTED_MAX);
  assert.is(misdirected.servers.at(-1)?.outboxId, testId(MISDIRECTED_MAX - 1));
});

test.run();
