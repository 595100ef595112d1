import fc from "fast-check";
import { test } from "uvu";
import * as assert from "uvu/assert";
import type { DecisionRow } from "../../../src/core/ledger/rows.ts";
import { TROUBLE_KINDS } from "../../../src/core/protocol/messages.ts";
import { REASON_BYTES_MAX } from "../../../src/limits.ts";
import {
  readDecision,
  readResolve,
  readRetire,
  writeDecision,
} from "../../../src/rpc/wire/operator_wire.ts";
import { protos } from "../../../src/rpc/protos.ts";
import { faultOf, testId } from "../../store/faults.ts";
import { events, record } from "./arbitrary_messages.ts";
import { DECISION } from "../operator_fixture.ts";

const { Retire } = protos.OperatorService.service;

test("readDecision() returns any valid decision as it was written", () => {
  const id = fc.constantFrom(testId(1), testId(2), undefined);
  const number = fc.maxSafeNat();
  const decision: fc.Arbitrary<DecisionRow> = record({
    number: fc.integer({ min: 1, max: 2 ** 32 - 1 }),
    kind: fc.constantFrom("retire", "resolve", "redelivered", "confirmed"),
    trouble: fc.option(
      record({
        number: fc.integer({ min: 1, max: 2 ** 32 - 1 }),
        kind: fc.constantFrom(...TROUBLE_KINDS),
      }),
      { nil: undefined },
    ),
    outboxId: id,
    incarnation: id,
    givenUp: events,
    asOfMs: number,
    decidedMs: number,
    reason: fc.string({ unit: "grapheme", maxLength: 40 }),
  });
  fc.assert(
    fc.property(decision, (row) => {
      const encoded = Retire.responseSerialize({ decisions: [writeDecision(row)] });
      const [wire] = Retire.responseDeserialize(encoded).decisions;
      assert.ok(wire);
      assert.equal(readDecision(wire), row);
    }),
  );
});

test("readDecision() refuses a decision when a field is out of bounds", async () => {
  const wrong: readonly (readonly [string, object])[] = [
    ["number", { number: 0 }],
    ["kind", { kind: "DECISION_KIND_UNSPECIFIED" }],
    ["kind", { troubleKind: 99 }],
    ["outbox_id", { outboxId: "x" }],
    ["incarnation", { incarnation: "x" }],
    ["first_sequence", { firstSequence: "0" }],
    ["as_of_unix_ms", { asOfUnixMs: "-1" }],
    ["decided_unix_ms", { decidedUnixMs: "-1" }],
    ["reason", { reason: "a\nb" }],
  ];
  for (const [field, change] of wrong) {
    const wire = { ...writeDecision(DECISION), ...change };
    const fault = await faultOf("message_invalid", () => readDecision(wire));
    assert.match(fault.message, `whose ${field} is`);
  }
});

test("readRetire() and readResolve() accept a reason up to its bound", async () => {
  const reason = "é".repeat(REASON_BYTES_MAX / 2);
  assert.equal(readRetire({ server: "a", reason }), { type: "retire", server: "a", reason });
  const resolve = { type: "resolve", troubleNumber: 3, reason: "" } as const;
  assert.equal(readResolve({ troubleNumber: 3, reason: "" }), resolve);
  const wrong: readonly (readonly [string, () => unknown])[] = [
    ["reason", () => readRetire({ server: "a", reason: `${reason}.` })],
    ["reason", () => readResolve({ troubleNumber: 3, reason: "\u001b[2J" })],
    ["server", () => readRetire({ server: "", reason: "" })],
    ["server", () => readRetire({ server: "a b", reason: "" })],
    ["trouble_number", () => readResolve({ troubleNumber: 0, reason: "" })],
  ];
  for (const [field, read] of wrong) {
    assert.match((await faultOf("message_invalid", read)).message, `whose ${field} is`);
  }
});

test.run();
