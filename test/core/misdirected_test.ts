import { test } from "uvu";
import * as assert from "uvu/assert";
import { Misdirected } from "../../src/core/misdirected.ts";
import { MISDIRECTED_KEPT_MS, MISDIRECTED_MAX } from "../../src/limits.ts";
import { testId } from "../store/faults.ts";
import { OTHER_OUTBOX, OUTBOX, hello } from "./core_fixture.ts";

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
  const moved = { ...greeting, address: "127.0.0.1:2" };
  assert.is(misdirected.came(moved, THEIRS, 20, 510), undefined);
  assert.equal(misdirected.servers, [{ ...server, address: "127.0.0.1:2" }]);
  assert.is(misdirected.expire(20 + MISDIRECTED_KEPT_MS), false);
  assert.is(misdirected.expire(21 + MISDIRECTED_KEPT_MS), true);
  assert.equal([misdirected.servers, misdirected.hasCome], [[], true]);
});

test("came() names an outbox again when it belongs to yet another ledger", () => {
  const misdirected = new Misdirected();
  misdirected.came(hello(), THEIRS, 0, 1);
  misdirected.came(hello({ outboxId: OTHER_OUTBOX }), THEIRS, 1, 2);
  assert.is(misdirected.came(hello(), testId(0x78), 2, 3)?.ledgerId, testId(0x78));
  assert.equal(
    misdirected.servers.map(({ ledgerId, sinceMs }) => [ledgerId, sinceMs]),
    [
      [THEIRS, 2],
      [testId(0x78), 3],
    ],
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
