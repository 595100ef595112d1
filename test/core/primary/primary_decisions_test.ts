import { test } from "uvu";
import * as assert from "uvu/assert";
import type { OperatorRequest, OperatorResult } from "../../../src/core/primary/primary.ts";
import { MEMBER_SILENT_MS, PULSE_INTERVAL_MS } from "../../../src/limits.ts";
import { registerKey } from "../../../src/core/protocol/register.ts";
import { testId } from "../../store/faults.ts";
import { FIRST, OTHER_OUTBOX, OUTBOX, SECOND, batch, report, trouble } from "../core_fixture.ts";
import { LedgerHarness } from "../ledger/ledger_harness.ts";
import { PrimaryHarness } from "./primary_harness.ts";

const RETIRE = { type: "retire", server: "likes-server-0", reason: "gone" } as const;

function resolve(troubleNumber: number): OperatorRequest {
  return { type: "resolve", troubleNumber, reason: "" };
}

/** Returns the kinds of decisions, or the message of the refusal. */
async function decide(primary: PrimaryHarness, decision: OperatorRequest): Promise<string> {
  primary.drive({ type: "decide", requestId: 7, request: decision });
  await primary.commit();
  return textOf(outcomes(primary).at(-1));
}

function outcomes(primary: PrimaryHarness): OperatorResult[] {
  return primary.actions.flatMap((action) => {
    return action.type === "decided" && action.requestId === 7 ? [action.outcome] : [];
  });
}

function textOf(outcome: OperatorResult | undefined): string {
  if (outcome?.type === "decided") return outcome.decisions.map(({ kind }) => kind).join(" ");
  return outcome?.refusal.message ?? "nothing";
}

test("handle() retires a silent member, and refuses while it streams", async () => {
  const primary = await PrimaryHarness.start();
  await primary.join(1);
  assert.match(await decide(primary, RETIRE), "it streams");
  await primary.pass(MEMBER_SILENT_MS + 1_000);
  assert.is(primary.status().convergence, "unknown");
  assert.is(await decide(primary, RETIRE), "retire");
  assert.is(primary.endOf(1), "resynchronise", "a half-open stream cannot undo it");
  assert.equal([primary.status().convergence, primary.status().servers], ["converged", []]);
  assert.is(primary.notices("decision").length, 1);
  await primary.join(2, { lastSequence: 1 });
  assert.equal(
    primary.status().troubles.map(({ kind, serverId }) => [kind, serverId]),
    [["retired_returned", "likes-server-0"]],
  );
  assert.is(primary.status().servers.length, 1, "it is a member again");
});

test("handle() holds as_of in a commit that readmits a retired member", async () => {
  const primary = await PrimaryHarness.start();
  await primary.join(1);
  await primary.pass(MEMBER_SILENT_MS + 1_000);
  await decide(primary, RETIRE);
  const { pulse } = await primary.handshake(2);
  primary.nowMs += PULSE_INTERVAL_MS;
  primary.receive(2, report({ pulseMs: pulse.pulseMs }));
  const commit = primary.actions.findLast((action) => action.type === "commit");
  assert.equal(
    commit?.commands.map(({ type }) => type),
    ["report"],
    "it may have accepted likes since the pulse that it answers",
  );
});

test("handle() lists the outboxes when two members share the server id to retire", async () => {
  const primary = await PrimaryHarness.start();
  await primary.join(1);
  await primary.join(2, {}, { outboxId: OTHER_OUTBOX, incarnation: SECOND });
  await primary.pass(MEMBER_SILENT_MS + 1_000);
  assert.match(await decide(primary, RETIRE), OTHER_OUTBOX);
  assert.match(
    await decide(primary, { ...RETIRE, server: "nobody" }),
    "no member has that server id",
  );
  assert.is(await decide(primary, { ...RETIRE, server: OUTBOX }), "retire");
  assert.equal(
    primary.status().servers.map(({ outboxId }) => outboxId),
    [OTHER_OUTBOX],
  );
});

test("handle() resolves a trouble by number and notifies the LikesServer", async () => {
  const primary = await PrimaryHarness.start();
  await primary.join(1);
  primary.receive(1, batch(FIRST, [1]));
  await primary.commit();
  const troubles = [
    trouble({ kind: "digest_differs", events: { first: 1, last: 1 }, digest: undefined }),
  ];
  await primary.join(2, { troubles }, { incarnation: SECOND });
  const [shown] = primary.status().troubles;
  assert.equal([shown?.number, primary.status().troubleCount], [1, 1]);
  primary.drive({ type: "closed", streamId: 1 });
  assert.is(await decide(primary, resolve(1)), "resolve");
  assert.equal(primary.status().troubles, []);
  assert.equal(primary.acks(2).at(-1)?.resolved, []);
  await primary.pass(500);
  const pulseMs = primary.pulses(2).at(-1)?.pulseMs ?? 0;
  primary.receive(2, report({ incarnation: SECOND, pulseMs, troubles }));
  await primary.commit();
  assert.equal(primary.acks(2).at(-1)?.resolved, [FIRST]);
});

test("handle() refuses a decision when its commit fails, and answers a queued one", async () => {
  const primary = await PrimaryHarness.start();
  await primary.join(1);
  await primary.pass(MEMBER_SILENT_MS + 1_000);
  primary.drive({ type: "decide", requestId: 7, request: RETIRE });
  primary.drive({ type: "decide", requestId: 7, request: resolve(9) });
  primary.refuseCommit("disk_full");
  assert.equal(outcomes(primary).map(textOf), ["Cannot write the ledger: its disk is full"]);
  assert.is(primary.status().servers.length, 1);
  await primary.pass(1_000);
  assert.match(textOf(outcomes(primary)[1]), "there is no trouble 9");
});

test("handle() confirms a copied ledger when every member has answered", async () => {
  const before = await PrimaryHarness.start();
  await before.join(1);
  await before.join(2, {}, { outboxId: OTHER_OUTBOX, incarnation: SECOND });
  const ledger = new LedgerHarness(before.ledger.disk, testId(0x92));
  ledger.markCopied(1);
  await ledger.run({ type: "record_copy" });
  const primary = await PrimaryHarness.start(ledger);
  assert.equal(
    primary.status().troubles.map(({ kind, outboxId }) => [kind, outboxId]),
    [["ledger_restored", undefined]],
  );
  await primary.join(1);
  await primary.pass(100);
  assert.is(primary.status().troubleCount, 1, "one has not answered");
  await primary.join(2, { lastSequence: 1 }, { outboxId: OTHER_OUTBOX, incarnation: SECOND });
  await primary.pass(100);
  assert.is(primary.status().troubleCount, 1, "an event is pending");
  primary.receive(2, batch(SECOND, [4]));
  await primary.commit();
  await primary.pass(100);
  assert.is(primary.status().troubleCount, 0);
  assert.equal(
    primary.notices("decision").map((one) => one.type === "decision" && one.decision.kind),
    ["confirmed"],
  );
});

test("handle() forgets in a copied ledger whom its list names, before all else", async () => {
  const before = new LedgerHarness();
  const [person, state] = [testId(0xada), { revision: 1, reaction: 1, likes: 1 }];
  const need = { type: "registers", keys: [registerKey(person, "video")] } as const;
  await before.store.transact([need], (stored) => stored.setRegister(person, "video", state));
  const backup = before.disk.clone();
  await before.run({ type: "forget", person, withdraw: false });
  const ledger = new LedgerHarness(backup, testId(0x92));
  ledger.markCopied(1);
  const primary = await PrimaryHarness.start(ledger);
  assert.is(ledger.disk.registers.size, 1);
  await primary.join(1);
  assert.is(ledger.disk.registers.size, 0);
  assert.ok(ledger.disk.forgotten.has(person));
});

test("handle() confirms no departed member because its row changed", async () => {
  const before = await PrimaryHarness.start();
  await before.join(1);
  const other = { outboxId: OTHER_OUTBOX, incarnation: SECOND };
  await before.join(2, { final: true, leaving: true }, other);
  const ledger = new LedgerHarness(before.ledger.disk, testId(0x92));
  // It has an open trouble when the copy is made; resolving it writes the row.
  const left = trouble({ kind: "outbox_rolled_back", incarnation: SECOND, digest: undefined });
  const row = { ...left, outboxId: OTHER_OUTBOX, sinceMs: 0, doubtfulAsOf: undefined };
  await ledger.store.transact([], (stored) => stored.addTrouble(row));
  ledger.markCopied(1);
  await ledger.run({ type: "record_copy" });
  const primary = await PrimaryHarness.start(ledger);
  const [first] = primary.status().troubles;
  assert.is(await decide(primary, resolve(first?.number ?? 0)), "resolve");
  await primary.join(1);
  await primary.pass(100);
  assert.is(primary.status().troubleCount, 1, "the departed member has not returned");
});

test("handle() confirms a copied ledger once departed members came back", async () => {
  const before = await PrimaryHarness.start();
  await before.join(1);
  const other = { outboxId: OTHER_OUTBOX, incarnation: SECOND };
  await before.join(2, { final: true, leaving: true }, other);
  const ledger = new LedgerHarness(before.ledger.disk, testId(0x92));
  ledger.markCopied(1);
  await ledger.run({ type: "record_copy" });
  const primary = await PrimaryHarness.start(ledger);
  await primary.join(1);
  const commits = primary.kinds.filter((kind) => kind === "commit").length;
  await primary.pass(500);
  assert.equal([primary.status().convergence, primary.status().troubleCount], ["unknown", 1]);
  const asked = primary.kinds.filter((kind) => kind === "commit").length - commits;
  assert.ok(asked <= 1, `${asked} commits without effect`);
  await primary.join(2, { final: true, leaving: true }, { ...other, incarnation: testId(3) });
  assert.is(primary.status().servers.length, 1, "it has left again");
  await primary.pass(500);
  assert.is(primary.status().troubleCount, 0);
});

test("handle() does not confirm a copied ledger without members", async () => {
  const ledger = new LedgerHarness();
  ledger.markCopied(1);
  await ledger.run({ type: "record_copy" });
  const primary = await PrimaryHarness.start(ledger);
  await primary.pass(10_000);
  assert.equal([primary.status().convergence, primary.status().troubleCount], ["unknown", 1]);
  assert.is(await decide(primary, resolve(1)), "resolve");
  assert.is(primary.status().convergence, "converged");
});

test.run();
