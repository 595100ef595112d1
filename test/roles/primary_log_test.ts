import { test } from "uvu";
import * as assert from "uvu/assert";
import type { OutboxId } from "../../src/core/protocol/ids.ts";
import { MEMBERS_MAX } from "../../src/limits.ts";
import { PrimaryLog } from "../../src/roles/primary_log.ts";
import { OTHER_OUTBOX, hello } from "../core/core_fixture.ts";
import { testId } from "../store/faults.ts";

function logged() {
  const lines: string[] = [];
  return { lines, log: new PrimaryLog({ line: (text) => lines.push(text) }) };
}

test("notice() logs the reason of a refusal once, until the LikesServer connects", () => {
  const { lines, log } = logged();
  const refuse = (outboxId?: OutboxId): void => {
    const of = outboxId === undefined ? hello() : hello({ outboxId, serverId: "other" });
    log.notice({ type: "disconnected", hello: of, reason: "there is no room" }, 0);
  };
  for (let attempts = 0; attempts < 4; attempts++) refuse();
  refuse(OTHER_OUTBOX);
  log.notice({ type: "connected", hello: hello(), appliedSequence: 0 }, 0);
  refuse();
  refuse(OTHER_OUTBOX);
  assert.equal(
    lines.map((line) => line.split(":")[0]),
    [
      "likes-server-0 disconnected",
      "other disconnected",
      "likes-server-0 connected from 127.0.0.1",
      "likes-server-0 disconnected",
    ],
  );
});

test("notice() remembers the reasons of MEMBERS_MAX outboxes", () => {
  const { lines, log } = logged();
  const refuse = (index: number): void => {
    const of = hello({ outboxId: testId(0x1000 + index) });
    log.notice({ type: "disconnected", hello: of, reason: "there is no room" }, 0);
  };
  for (let index = 0; index <= MEMBERS_MAX; index++) refuse(index);
  refuse(MEMBERS_MAX);
  assert.is(lines.length, MEMBERS_MAX + 1);
  refuse(0);
  assert.is(lines.length, MEMBERS_MAX + 2, "the oldest was forgotten");
});

test("notice() logs a trouble without room, and its LikesServer", () => {
  const { lines, log } = logged();
  const from = { serverId: "a", address: "a:1", outboxId: testId(1), incarnation: testId(2) };
  const server = { ...from, kind: "retired_returned", sinceMs: 1 } as const;
  log.notice({ type: "unrecorded", server }, 0);
  log.notice({ type: "unrecorded_gone" }, 0);
  assert.equal(lines, [
    "a came from a:1 with a trouble that has no room and is not recorded: retired_returned of " +
      `incarnation ${testId(2)} of outbox ${testId(1)}; decide the troubles in likes status`,
  ]);
});

test.run();
