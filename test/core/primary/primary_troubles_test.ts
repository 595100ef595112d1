/** Tests troubles beyond their bounds: they are refused, listed, and recorded later. */
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

/** Troubles of LikesServer `index`, in incarnations that the ledger does not know. */
function troublesOf(index: number, count = TROUBLES_MAX): readonly ReportedTrouble[] {
  return Array.from({ length: count }, (_, offset) => {
    return trouble({ incarnation: testId(0x10_000 + index * 100 + offset) });
  });
}

/** New LikesServers each report TROUBLES_MAX troubles and leave with the same report. */
async function flood(primary: PrimaryHarness, firstStreamId = 1_000): Promise<void> {
  for (let index = 0; index < UNREGISTERED; index++) {
    const incarnation = testId(0x1000 + index);
    const from = {
      incarnation,
      outboxId: testId(0x2000 + index),
      serverId: `unregistered-${index}`,
    };
    const leaving = { final: true, leaving: true, troubles: troublesOf(index) };
    await primary.join(firstStreamId + index, leaving, from);
  }
}

async function resolveAll(primary: PrimaryHarness): Promise<void> {
  for (const { number } of primary.core.troubles) {
    const decision = { type: "resolve", troubleNumber: number, reason: "" } as const;
    primary.drive({ type: "decide", requestId: number, request: decision });
    await primary.commit();
  }
}

/** A primary with a retired member that has likes; as_of has advanced since. */
async function withRetired(): Promise<PrimaryHarness> {
  const primary = await PrimaryHarness.start();
  await primary.join(1);
  primary.drive({ type: "closed", streamId: 1 });
  await primary.pass(MEMBER_SILENT_MS + 1_000);
  const retire = { type: "retire", server: "likes-server-0", reason: "" } as const;
  primary.drive({ type: "decide", requestId: 1, request: retire });
  await primary.commit();
  await primary.pass(1_000);
  return primary;
}

/** Reports of copied outboxes fill the ledger with troubles. */
async function fillTroubles(primary: PrimaryHarness): Promise<void> {
  for (let index = 0; index < TROUBLES_RECORDED_MAX; index++) {
    const outboxId = testId(0x3000 + index);
    const from = { outboxId, incarnation: testId(0x4000 + index), serverId: "copied" };
    for (const [again, final] of [true, false].entries()) {
      await primary.join(5_000 + index * 2 + again, { final }, from);
    }
  }
}

function recordedKinds(primary: PrimaryHarness): readonly string[] {
  return primary.notices("trouble").map((one) => (one.type === "trouble" ? one.trouble.kind : ""));
}

test("handle() records a returned member however many troubles new ones report", async () => {
  const primary = await withRetired();
  await flood(primary);
  await primary.join(2, { lastSequence: 1 });
  primary.receive(2, batch(FIRST, [LIKES]));
  await primary.commit();
  assert.ok(recordedKinds(primary).includes("retired_returned"), "the log has it");
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

test("handle() refuses troubles without room, and lists them until they have room", async () => {
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
  const status = primary.status();
  assert.equal([status.troubleCount, status.convergence, status.asOfMs], [0, "unknown", asOfMs]);
  await flood(primary, 2_000);
  assert.equal(primary.status().unrecorded, []);
  assert.is(primary.status().troubleCount, UNREGISTERED * TROUBLES_MAX - recorded * TROUBLES_MAX);
});

test("handle() counts nothing of a retired member before its return is recorded", async () => {
  const full = await withRetired();
  await fillTroubles(full);
  const { asOfMs } = full.status();
  // A new opening knows only what is in the ledger.
  const ledger = new LedgerHarness(full.ledger.disk, testId(0x92));
  const primary = await PrimaryHarness.start(ledger);
  assert.is(primary.status().troubleCount, TROUBLES_RECORDED_MAX);
  await primary.join(2, { lastSequence: 1 });
  assert.is(primary.endOf(2), "trouble_unrecorded");
  assert.equal(
    primary.status().unrecorded.map(({ serverId, kind }) => [serverId, kind]),
    [["likes-server-0", "retired_returned"]],
  );
  assert.is(ledger.member()?.state, "retired", "so its return is detected again");
  const [first] = primary.core.troubles;
  const decision = { type: "resolve", troubleNumber: first?.number ?? 0, reason: "" } as const;
  primary.drive({ type: "decide", requestId: 1, request: decision });
  await primary.commit();
  await primary.join(3, { lastSequence: 1 });
  primary.receive(3, batch(FIRST, [LIKES]));
  await primary.commit();
  assert.is(primary.status().totalLikes, BigInt(LIKES));
  const recorded = primary.core.troubles.at(-1);
  assert.equal([recorded?.kind, recorded?.doubtfulAsOf?.upToMs], ["retired_returned", asOfMs]);
  assert.ok((recorded?.doubtfulAsOf?.afterMs ?? asOfMs) < asOfMs, "the span of as_of");
  assert.equal(primary.status().unrecorded, []);
});

test("handle() counts a member as silent until its troubles are recorded", async () => {
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
  assert.is(primary.endOf(2), undefined, "other outboxes have theirs");
});

test.run();
