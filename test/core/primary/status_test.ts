import { test } from "uvu";
import * as assert from "uvu/assert";
import type { MemberProgress } from "../../../src/core/primary/progress_tracker.ts";
import type { MemberRow } from "../../../src/core/ledger/rows.ts";
import type { OutboxId } from "../../../src/core/protocol/ids.ts";
import {
  convergence,
  haveAllConfirmed,
  leastFreshness,
  statusOf,
  troubleText,
} from "../../../src/core/primary/status.ts";
import type { StatusView, TroubleStatus } from "../../../src/core/primary/status.ts";
import { MEMBER_SILENT_MS, TROUBLES_LISTED_MAX } from "../../../src/limits.ts";
import { testId } from "../../store/faults.ts";
import { FIRST, GENERATION, LEDGER, OUTBOX, report, trouble } from "../core_fixture.ts";

const NOW_MS = 10_000;
const TROUBLE: TroubleStatus = {
  ...trouble({ detail: "#1 is gone" }),
  number: 1,
  outboxId: OUTBOX,
  serverId: "likes-server-0",
  sinceMs: 1,
  doubtfulAsOf: undefined,
};

function member(outboxId = OUTBOX, serverId = "likes-server-0"): MemberRow {
  const rest = {
    state: "member",
    appliedEvents: 0,
    appliedLikes: 6n,
    retiredAsOfMs: undefined,
  } as const;
  return { outboxId, serverId, address: "127.0.0.1:1", ...rest };
}

function progress(changes: Partial<MemberProgress> = {}): MemberProgress {
  return {
    report: report({ shownVersion: 7, shownTotalLikes: 6n, acceptedLikes: 8n }),
    sentMs: NOW_MS,
    incarnation: FIRST,
    streamId: 1,
    highestReportedSequence: 3,
    appliedSequence: 3,
    otherPendingEvents: 0,
    freshUpToMs: 50,
    pendingFreshness: undefined,
    ...changes,
  };
}

function view(changes: Partial<StatusView> = {}): StatusView {
  return {
    ledgerId: LEDGER,
    generation: GENERATION,
    meta: { version: 9, totalLikes: 6n, totalVersion: 7, asOfMs: 40, fingerprint: undefined },
    members: new Map([[OUTBOX, member()]]),
    progress: new Map([[OUTBOX, progress()]]),
    troubles: [],
    foreignServers: [],
    unrecorded: [],
    isUnrecordedCopy: false,
    writeFailure: undefined,
    hasOtherLedger: false,
    startedMs: 8_000,
    startedLogicalMs: 1_700_000_000_000,
    ...changes,
  };
}

function of(changes: Partial<MemberProgress>, more: Partial<StatusView> = {}): StatusView {
  return view({ progress: new Map([[OUTBOX, progress(changes)]]), ...more });
}

test("convergence() is converged without members", () => {
  assert.is(convergence(view({ members: new Map(), progress: new Map() }), NOW_MS), "converged");
});

test("convergence() is unknown first, when several states hold", () => {
  const pending = { highestReportedSequence: 4 };
  assert.is(convergence(view({ progress: new Map() }), NOW_MS), "unknown");
  assert.is(convergence(of({ report: undefined }), NOW_MS), "unknown", "no report is committed");
  assert.is(
    convergence(of({ ...pending, sentMs: NOW_MS - MEMBER_SILENT_MS - 1 }), NOW_MS),
    "unknown",
  );
  assert.is(convergence(of(pending, { troubles: [TROUBLE] }), NOW_MS), "unknown");
  const members = new Map([
    [OUTBOX, member()],
    [testId(0xb), member(testId(0xb))],
  ]);
  assert.is(convergence(of(pending, { members }), NOW_MS), "unknown", "another member is silent");
});

test("convergence() is catching up when reported events are not applied", () => {
  assert.is(convergence(of({ highestReportedSequence: 4 }), NOW_MS), "catching_up");
  assert.is(convergence(of({ otherPendingEvents: 1 }), NOW_MS), "catching_up");
});

test("convergence() is converged when all answered within the bound", () => {
  assert.is(convergence(of({ sentMs: NOW_MS - MEMBER_SILENT_MS }), NOW_MS), "converged");
});

test("haveAllConfirmed() is true when each member recently reported nothing pending", () => {
  assert.ok(haveAllConfirmed(view({ troubles: [TROUBLE] }), NOW_MS), "troubles do not matter");
  assert.not.ok(haveAllConfirmed(view({ progress: new Map() }), NOW_MS));
  assert.not.ok(haveAllConfirmed(of({ report: undefined }), NOW_MS));
  assert.not.ok(haveAllConfirmed(of({ sentMs: NOW_MS - MEMBER_SILENT_MS - 1 }), NOW_MS));
  assert.not.ok(haveAllConfirmed(of({ highestReportedSequence: 4 }), NOW_MS));
  assert.not.ok(haveAllConfirmed(of({ otherPendingEvents: 1 }), NOW_MS));
  const withoutMembers = view({ members: new Map(), progress: new Map() });
  assert.not.ok(haveAllConfirmed(withoutMembers, NOW_MS), "no member is no confirmation");
});

test("leastFreshness() is the minimum of all members, and 0 when one has none", () => {
  const other = testId(0xb);
  const members = new Map([
    [OUTBOX, member()],
    [other, member(other)],
  ]);
  assert.is(leastFreshness(view({ members })), 0);
  const byOutbox = new Map([
    [OUTBOX, progress()],
    [other, progress({ freshUpToMs: 30 })],
  ]);
  assert.is(leastFreshness(view({ members, progress: byOutbox })), 30);
  assert.is(leastFreshness(view({ members: new Map() })), undefined);
});

test("statusOf() is everywhere when every member shows the last change of the total", () => {
  assert.is(statusOf(view(), NOW_MS, 1).everywhere, true);
  const behind = of({ report: report({ shownVersion: 6 }) });
  assert.is(statusOf(behind, NOW_MS, 1).everywhere, false);
  assert.is(statusOf(behind, NOW_MS, 1).convergence, "converged");
  assert.is(statusOf(of({ highestReportedSequence: 4 }), NOW_MS, 1).everywhere, false);
});

test("statusOf() sums pending events and shows each member's state", () => {
  const pending = of({ highestReportedSequence: 5, otherPendingEvents: 2, sentMs: NOW_MS - 1_500 });
  const { servers, pendingEvents, nowMs } = statusOf(pending, NOW_MS, 77);
  assert.equal([pendingEvents, nowMs], [4, 77]);
  const [server] = servers;
  assert.equal([server?.state, server?.silentForMs, server?.troubleCount], ["streaming", 1_500, 0]);
  assert.equal([server?.lastSequence, server?.appliedSequence], [5, 3]);
  assert.equal(
    [server?.acceptedLikes, server?.appliedLikes, server?.knownTotalLikes],
    [8n, 6n, 6n],
  );

  const [silent] = statusOf(view({ progress: new Map() }), NOW_MS, 1).servers;
  assert.equal(
    [silent?.state, silent?.silentForMs, silent?.incarnation],
    ["silent", 2_000, undefined],
  );
  const [troubled] = statusOf(view({ troubles: [TROUBLE] }), NOW_MS, 1).servers;
  assert.is(troubled?.state, "streaming", "it streams despite its trouble");
  assert.is(troubled?.troubleCount, 1);
});

test("troubleText() includes the incarnation when the trouble has one", () => {
  assert.is(troubleText(TROUBLE), `gap of incarnation ${FIRST}: #1 is gone`);
  const ledger = { ...TROUBLE, kind: "ledger_restored", incarnation: undefined } as const;
  assert.is(troubleText(ledger), "ledger_restored: #1 is gone");
});

test("statusOf() sorts by the number at the end of a server id", () => {
  const ids = ["likes-server-10", "b", "likes-server-2", "a-1", "likes-server-2"];
  const members = new Map(
    ids.map((id, index) => [testId(9 - index), member(testId(9 - index), id)]),
  );
  const { servers } = statusOf(view({ members }), NOW_MS, 1);
  const sorted = ["a-1", "b", "likes-server-2", "likes-server-2", "likes-server-10"];
  assert.equal(
    servers.map(({ serverId }) => serverId),
    sorted,
  );
  assert.ok((servers[2]?.outboxId ?? "") < (servers[3]?.outboxId ?? ""));
});

test("statusOf() counts each member's troubles, including those it does not list", () => {
  const other = testId(0xb);
  const members = new Map([
    [OUTBOX, member()],
    [other, member(other, "likes-server-1")],
    [testId(0xc), member(testId(0xc), "likes-server-2")],
  ]);
  const ofMember = (outboxId: OutboxId | undefined, count: number) =>
    Array.from({ length: count }, () => ({ ...TROUBLE, outboxId }));
  const many = TROUBLES_LISTED_MAX + 1;
  const troubles = [...ofMember(OUTBOX, many), ...ofMember(other, 2), ...ofMember(undefined, 1)];
  const { servers, troubleCount } = statusOf(view({ members, troubles }), NOW_MS, 1);
  assert.equal(
    servers.map((server) => server.troubleCount),
    [many, 2, 0],
  );
  assert.is(troubleCount, many + 3, "the ledger's trouble belongs to no member");
});

test("statusOf() lists the oldest TROUBLES_LISTED_MAX troubles, and counts all", () => {
  const troubles = Array.from({ length: TROUBLES_LISTED_MAX + 2 }, (_, index) => {
    return { ...TROUBLE, number: index + 1 };
  });
  const status = statusOf(view({ troubles }), NOW_MS, 1);
  assert.equal(
    [status.troubles.length, status.troubles.at(-1)?.number, status.troubleCount],
    [TROUBLES_LISTED_MAX, TROUBLES_LISTED_MAX, TROUBLES_LISTED_MAX + 2],
  );
});

test("statusOf() returns a safe integer when peers report more events", () => {
  const most = Number.MAX_SAFE_INTEGER;
  const byOutbox = new Map([
    [OUTBOX, progress({ highestReportedSequence: most, otherPendingEvents: most })],
  ]);
  assert.is(statusOf(view({ progress: byOutbox }), NOW_MS, 1).pendingEvents, most);
});

test("statusOf() never shows less accepted than applied", () => {
  const byOutbox = new Map([[OUTBOX, progress({ report: report({ acceptedLikes: 1n }) })]]);
  assert.is(statusOf(view({ progress: byOutbox }), NOW_MS, 1).servers[0]?.acceptedLikes, 6n);
});

test.run();
