/** Troubles beyond their bounds: what has no room is pushed back, told of, and recorded later. */
import { test } from "uvu";
import * as assert from "uvu/assert";
import type { ReportedTrouble } from "../../../src/core/protocol/messages.ts";
import {
  MEMBER_SILENT_MS,
  REFUSED_KEPT_MS,
  TROUBLES_MAX,
  TROUBLES_OF_OUTBOX_MAX,
  TROUBLES_RECORDED_MAX,
  TROUBLES_REPORTED_MAX,
} from "../../../src/limits.ts";
import { testId } from "../../store/faults.ts";
import { FIRST, OTHER_OUTBOX, OUTBOX, SECOND, batch, report, trouble } from "../core_fixture.ts";
import { LedgerHarness } from "../ledger/ledger_harness.ts";
import { PrimaryHarness } from "./primary_harness.ts";

const UNREGISTERED = 63;
const LIKES = 133;

/** Troubles of lives of LikesServer `index` that no ledger knows. */
function troublesOf(index: number, count = TROUBLES_MAX): readonly ReportedTrouble[] {
  return Array.from({ length: count }, (_, life) => {
    return trouble({ incarnation: testId(0x10_000 + index * 100 + life) });
  });
}

/** Unregistered LikesServers come with as many troubles as a report names, and leave with it. */
async function flood(primary: PrimaryHarness): Promise<void> {
  for (let index = 0; index < UNREGISTERED; index++) {
    const incarnation = testId(0x1000 + index);
    const from = {
      incarnation,
      outboxId: testId(0x2000 + index),
      serverId: `unregistered-${index}`,
    };
    const leaving = { final: true, leaving: true, troubles: troublesOf(index) };
    await primary.join(1_000 + index, leaving, from);
  }
}

async function resolveAll(primary: PrimaryHarness): Promise<void> {
  for (const { number } of primary.core.troubles) {
    const decision = { type: "resolve", troubleNumber: number, reason: "" } as const;
    primary.drive({ type: "decide", requestId: number, decision });
    await primary.commit();
  }
}

/** A member with likes is retired while it is away, and as_of passes it. */
async function withRetired(): Promise<PrimaryHarness> {
  const primary = await PrimaryHarness.start();
  await primary.join(1);
  primary.drive({ type: "closed", streamId: 1 });
  await primary.pass(MEMBER_SILENT_MS + 1_000);
  const retire = { type: "retire", server: "likes-server-0", reason: "" } as const;
  primary.drive({ type: "decide", requestId: 1, decision: retire });
  await primary.commit();
  await primary.pass(1_000);
  return primary;
}

/** The ledger finds copies of other outboxes until it has no room for more. */
async function fillUp(primary: PrimaryHarness): Promise<void> {
  for (let index = 0; index < TROUBLES_RECORDED_MAX; index++) {
    const outboxId = testId(0x3000 + index);
    const from = { outboxId, incarnation: testId(0x4000 + index), serverId: "copied" };
    for (const [again, final] of [true, false].entries()) {
      await primary.join(5_000 + index * 2 + again, { final }, from);
    }
  }
}

function kindsNamed(primary: PrimaryHarness): readonly string[] {
  return primary.notices("trouble").map((one) => (one.type === "trouble" ? one.trouble.kind : ""));
}

test("handle() names who was retired and returns, however many troubles unregistered ones bring", async () => {
  const primary = await withRetired();
  await flood(primary);
  await primary.join(2, { lastSequence: 1 });
  primary.receive(2, batch(FIRST, [LIKES]));
  await primary.commit();
  assert.ok(kindsNamed(primary).includes("retired_returned"), "the log has it");
  const [returned] = primary.status().servers;
  assert.equal([returned?.outboxId, returned?.troubleCount], [OUTBOX, 1]);
  const its = primary.core.troubles.filter(({ outboxId }) => outboxId === OUTBOX);
  assert.equal(
    its.map(({ kind }) => kind),
    ["retired_returned"],
  );
  assert.is(primary.status().totalLikes, BigInt(LIKES));
  await resolveAll(primary);
  assert.is(primary.status().troubleCount, 0);
});

test("handle() pushes back whose troubles have no room, and says so until they have", async () => {
  const primary = await PrimaryHarness.start();
  await flood(primary);
  const recorded = Math.floor(TROUBLES_REPORTED_MAX / TROUBLES_MAX);
  assert.is(primary.status().troubleCount, recorded * TROUBLES_MAX, "all of a report, or none");
  const { unrecorded, convergence } = primary.status();
  assert.equal(
    unrecorded.map(({ serverId, kind }) => `${serverId} ${kind}`),
    Array.from(
      { length: UNREGISTERED - recorded },
      (_, index) => `unregistered-${recorded + index} gap`,
    ),
  );
  assert.is(convergence, "unknown");
  assert.is(primary.endOf(1_000 + recorded), "trouble_unrecorded");
  assert.is(primary.notices("unrecorded").length, UNREGISTERED - recorded);
  await resolveAll(primary);
  const { asOfMs } = primary.status();
  await primary.pass(REFUSED_KEPT_MS / 2);
  const held = primary.status();
  assert.equal([held.troubleCount, held.convergence, held.asOfMs], [0, "unknown", asOfMs]);
  await flood(primary);
  assert.equal(primary.status().unrecorded, []);
  assert.is(primary.status().troubleCount, UNREGISTERED * TROUBLES_MAX - recorded * TROUBLES_MAX);
});

test("handle() counts nothing of who was retired before its return can be named", async () => {
  const full = await withRetired();
  await fillUp(full);
  const { asOfMs } = full.status();
  // A new opening of the ledger remembers nothing but what is in it.
  const ledger = new LedgerHarness(full.ledger.disk, testId(0x92));
  const primary = await PrimaryHarness.start(ledger);
  assert.is(primary.status().troubleCount, TROUBLES_RECORDED_MAX);
  await primary.join(2, { lastSequence: 1 });
  assert.is(primary.endOf(2), "trouble_unrecorded");
  assert.equal(
    primary.status().unrecorded.map(({ serverId, kind }) => [serverId, kind]),
    [["likes-server-0", "retired_returned"]],
  );
  assert.is(ledger.member()?.state, "retired", "so its return is seen again");
  const [first] = primary.core.troubles;
  const decision = { type: "resolve", troubleNumber: first?.number ?? 0, reason: "" } as const;
  primary.drive({ type: "decide", requestId: 1, decision });
  await primary.commit();
  await primary.join(3, { lastSequence: 1 });
  primary.receive(3, batch(FIRST, [LIKES]));
  await primary.commit();
  assert.is(primary.status().totalLikes, BigInt(LIKES));
  const named = primary.core.troubles.at(-1);
  assert.equal([named?.kind, named?.doubtfulAsOf?.upToMs], ["retired_returned", asOfMs]);
  assert.ok((named?.doubtfulAsOf?.afterMs ?? asOfMs) < asOfMs, "the span");
  assert.equal(primary.status().unrecorded, []);
});

test("handle() takes a member for heard only once what it brings is recorded", async () => {
  const primary = await PrimaryHarness.start();
  await primary.join(1);
  const many = Array.from({ length: TROUBLES_OF_OUTBOX_MAX / TROUBLES_MAX }, (_, index) => index);
  for (const index of [...many, many.length]) {
    await primary.pass(500);
    const pulseMs = primary.pulses(1).at(-1)?.pulseMs ?? 0;
    primary.receive(1, report({ pulseMs, troubles: troublesOf(index) }));
    await primary.commit();
  }
  assert.is(primary.endOf(1), "trouble_unrecorded", "an outbox has its share");
  const status = primary.status();
  assert.equal([status.troubleCount, status.convergence], [TROUBLES_OF_OUTBOX_MAX, "unknown"]);
  assert.equal(
    status.unrecorded.map(({ incarnation }) => incarnation),
    [FIRST],
  );
  await primary.join(2, {}, { outboxId: OTHER_OUTBOX, incarnation: SECOND });
  assert.is(primary.endOf(2), undefined, "and others have theirs");
});

test.run();
