import { test } from "uvu";
import * as assert from "uvu/assert";
import type { GenerationId } from "../../../src/core/protocol/ids.ts";
import type { LedgerSeen } from "../../../src/core/protocol/messages.ts";
import { testId } from "../../store/faults.ts";
import {
  FIRST,
  GENERATION,
  LEDGER,
  OTHER_OUTBOX,
  SECOND,
  batch,
  batchCommand,
  batches,
  hello,
  reportCommand,
} from "../core_fixture.ts";
import { FINGERPRINT } from "../../fixtures/secret.ts";
import { LedgerHarness, endOf } from "./ledger_harness.ts";

async function withThree(): Promise<LedgerHarness> {
  const ledger = new LedgerHarness();
  await ledger.run(reportCommand(), batchCommand(batch(FIRST, [1, 2, 3])));
  return ledger;
}

async function redeliver(ledger: LedgerHarness, seen: LedgerSeen | undefined, acknowledged = 0) {
  const of = hello({ seen, acknowledgedSequence: acknowledged });
  const result = await ledger.result({ type: "hello", streamId: 1, hello: of });
  if (result.type !== "welcome") throw new Error(endOf(result));
  return result.redeliver;
}

test("applyCommands() answers a handshake with the origin for a new incarnation", async () => {
  const ledger = new LedgerHarness();
  const result = await ledger.result({ type: "hello", streamId: 1, hello: hello() });
  const found = { appliedSequence: 0, digest: FIRST, redeliver: false };
  assert.equal(result, { type: "welcome", streamId: 1, ...found });
  assert.is(ledger.meta.version, 0);
  assert.is(ledger.row(), undefined);
});

test("applyCommands() answers a handshake with the result of earlier commands", async () => {
  const ledger = new LedgerHarness();
  const [first] = batches(FIRST, [[1, 2]]);
  const { results } = await ledger.run(reportCommand(), batchCommand(first), {
    type: "hello",
    streamId: 2,
    hello: hello(),
  });
  const found = { appliedSequence: 2, digest: first.digest, redeliver: false };
  assert.equal(results[2], { type: "welcome", streamId: 2, ...found });
});

test("applyCommands() refuses a Hello for another outbox's incarnation", async () => {
  const ledger = await withThree();
  const of = hello({ outboxId: OTHER_OUTBOX });
  assert.is(
    endOf(await ledger.result({ type: "hello", streamId: 1, hello: of })),
    "message_invalid",
  );
});

test("applyCommands() refuses a Hello with another secret once an outbox was admitted", async () => {
  const ledger = new LedgerHarness();
  const of = hello({ outboxId: OTHER_OUTBOX, incarnation: SECOND, fingerprint: testId(0xf) });
  const command = { type: "hello", streamId: 1, hello: of } as const;
  assert.is(endOf(await ledger.result(command)), "welcome", "the first Report decides");
  await ledger.run(reportCommand());
  const result = await ledger.result(command);
  assert.is(endOf(result), "secret_differs");
  const message = result.type === "refused" ? result.refusal.message : "";
  assert.match(message, `has fingerprint ${of.fingerprint}: that of this ledger is ${FINGERPRINT}`);
  assert.match(message, "copy persons.secret from the data folder of an admitted LikesServer");
});

test("applyCommands() asks for redelivery when more was acknowledged than applied", async () => {
  const ledger = await withThree();
  assert.is(await redeliver(ledger, undefined, 3), false);
  assert.is(await redeliver(ledger, undefined, 4), true);
});

test("applyCommands() asks for redelivery for an unknown or shorter generation", async () => {
  const ledger = await withThree();
  const ledgerId = LEDGER;
  const seen = (generation: GenerationId, version: number) => ({ ledgerId, generation, version });
  const { version } = ledger.meta;
  assert.is(await redeliver(ledger, seen(GENERATION, version)), false);
  assert.is(await redeliver(ledger, seen(GENERATION, version + 1)), true);
  assert.is(await redeliver(ledger, seen(testId(0x99), 1)), true);

  const again = new LedgerHarness(ledger.disk, testId(0x92));
  await again.run({ type: "advance", asOfMs: 9 });
  assert.is(await redeliver(again, seen(GENERATION, version)), false);
  assert.is(await redeliver(again, seen(GENERATION, version + 1)), true, "it saw a later version");
  assert.is(await redeliver(again, seen(testId(0x92), version + 1)), false);
});

test("applyCommands() advances as_of, but never back and not while a trouble is open", async () => {
  const ledger = await withThree();
  await ledger.run({ type: "advance", asOfMs: 50 });
  await ledger.run({ type: "advance", asOfMs: 40 });
  assert.is(ledger.meta.asOfMs, 50);
  const rolledBack = reportCommand({ final: true, lastSequence: 1 });
  await ledger.run(rolledBack, { type: "advance", asOfMs: 60 });
  assert.equal(await ledger.troubleKinds(), ["outbox_rolled_back"]);
  await ledger.run({ type: "advance", asOfMs: 70 });
  assert.is(ledger.meta.asOfMs, 50);
  assert.is(ledger.meta.totalLikes, 6n, "counting continues");
});

test.run();
