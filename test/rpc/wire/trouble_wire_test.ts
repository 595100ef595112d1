import fc from "fast-check";
import { test } from "uvu";
import * as assert from "uvu/assert";
import { TROUBLE_KINDS } from "../../../src/core/protocol/messages.ts";
import type { TroubleStatus } from "../../../src/core/primary/status.ts";
import {
  readTroubleKind,
  readTroubleStatus,
  writeTroubleKind,
  writeTroubleStatus,
} from "../../../src/rpc/wire/trouble_wire.ts";
import { faultOf, testId } from "../../store/faults.ts";
import { troubleStatus } from "./arbitrary_messages.ts";
import { recodeStatus } from "../over_the_wire.ts";

const TROUBLE: TroubleStatus = {
  number: 3,
  kind: "gap",
  serverId: "likes-server-1",
  outboxId: testId(1),
  incarnation: testId(2),
  events: { first: 5, last: 9 },
  digest: undefined,
  detail: "what was found",
  sinceMs: 1_000,
  doubtfulAsOf: { afterMs: 10, upToMs: 20 },
};

test("readTroubleKind() reads what writeTroubleKind() wrote, and refuses the rest", async () => {
  for (const kind of TROUBLE_KINDS) assert.is(readTroubleKind(writeTroubleKind(kind)), kind);
  await faultOf("message_invalid", () => readTroubleKind("TROUBLE_KIND_UNSPECIFIED"));
});

test("readTroubleStatus() returns any valid trouble as it was written", () => {
  fc.assert(
    fc.property(troubleStatus, (trouble) => {
      const [wire] = recodeStatus({ troubles: [writeTroubleStatus(trouble)] }).troubles;
      assert.ok(wire);
      assert.equal(readTroubleStatus(wire), trouble);
    }),
  );
});

test("writeTroubleStatus() leaves out the digest", () => {
  const sent = JSON.stringify(writeTroubleStatus({ ...TROUBLE, digest: testId(77) }));
  assert.not.match(sent, testId(77));
});

test("readTroubleStatus() refuses a trouble when a field is out of bounds", async () => {
  const wrong: readonly (readonly [string, object])[] = [
    ["number", { number: 0 }],
    ["kind", { kind: "TROUBLE_KIND_UNSPECIFIED" }],
    ["server_id", { serverId: "a b" }],
    ["outbox_id", { outboxId: "x" }],
    ["incarnation", { incarnation: "X".repeat(32) }],
    ["first_sequence", { firstSequence: "0" }],
    ["last_sequence", { lastSequence: "4" }],
    ["last_sequence", { lastSequence: "9007199254740992" }],
    ["detail", { detail: "\u001b[2J" }],
    ["detail", { detail: "a".repeat(513) }],
    ["since_unix_ms", { sinceUnixMs: "-1" }],
    ["as_of_from_unix_ms", { asOfFromUnixMs: "-1" }],
    ["as_of_to_unix_ms", { asOfToUnixMs: "9" }],
  ];
  for (const [field, change] of wrong) {
    const wire = { ...writeTroubleStatus(TROUBLE), ...change };
    const fault = await faultOf("message_invalid", () => readTroubleStatus(wire));
    assert.match(fault.message, `whose ${field} is`);
  }
});

test.run();
