import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "uvu";
import * as assert from "uvu/assert";
import { acceptedLikes } from "../../src/core/protocol/like_event.ts";
import type { AuditReport } from "../../src/verify/report.ts";
import { temporaryFolder } from "../fixtures/temporary_folder.ts";
import { auditFolder, firstOf } from "./audit_fixture.ts";
import {
  FIRST_INCARNATION,
  LEDGER,
  SECOND_INCARNATION,
  SERVERS,
  changeOf,
  decisionSql,
  edit,
  idOf,
  makeStores,
  withFirstIncarnation,
} from "./stores_fixture.ts";
import type { TestServer } from "./stores_fixture.ts";

type Line = Readonly<Record<string, unknown>>;

/** Returns the responses to all adds of `servers`. */
function linesOf(servers: readonly TestServer[]): Line[] {
  return servers.flatMap(({ serverId, incarnations }) => {
    return incarnations.flatMap(({ incarnation, records }) => {
      return records.flat().map((event, index) => {
        const [itemId] = event;
        const likes = String(acceptedLikes(changeOf(event)));
        return { serverId, incarnation, sequence: String(index + 1), itemId, likes };
      });
    });
  });
}

/** Audits the stores of `servers` with `lines` as a client's record. */
async function auditLines(
  lines: readonly Line[],
  servers: readonly TestServer[] = SERVERS,
): Promise<AuditReport> {
  await using folder = temporaryFolder();
  makeStores(folder.path, servers);
  const path = join(folder.path, "given.jsonl");
  writeFileSync(path, lines.map((line) => `${JSON.stringify(line)}\n`).join(""));
  return auditFolder(folder.path, { clients: [path] });
}

const ADDS = linesOf(SERVERS);

test("auditClients() is exact when every add is where its response said", async () => {
  const error = { code: "outbox_full", message: "Cannot", exit: 1 };
  const report = await auditLines([...ADDS, { error }]);
  assert.is(report.outcome, "exact");
  const { acknowledged, counted, waiting, givenUp, lost, undecided, unacknowledged } =
    report.clients ?? {};
  assert.equal(
    [acknowledged, counted, waiting, givenUp, lost, undecided].map((one) => [
      one?.events,
      one?.likes,
    ]),
    [
      [8, 1_000_067n],
      [7, 1_000_025n],
      [1, 42n],
      [0, 0n],
      [0, 0n],
      [0, 0n],
    ],
  );
  assert.is(unacknowledged, 1);
});

test("auditClients() names the first add when it differs, is absent or is not unique", async () => {
  for (const [change, expected] of [
    [
      { likes: "6" },
      {
        what: "an acknowledged add is a different event",
        expected: '"video" +6',
        found: '"video" +5',
      },
    ],
    [{ itemId: "film" }, { what: "an acknowledged add is a different event", itemId: "film" }],
    [
      { sequence: "2" },
      { what: "an acknowledged add is a different event", sequence: 2, found: '"song" +0' },
    ],
    [{ sequence: "9" }, { what: "an acknowledged add is in no outbox", sequence: 9 }],
    [
      { serverId: "fra-2" },
      { what: "an acknowledged add is in another LikesServer's outbox", found: "fra-1" },
    ],
    [{ sequence: "4", likes: "1" }, { what: "two adds share an event, or one is recorded twice" }],
  ] as const) {
    const [first, ...others] = ADDS;
    const report = await auditLines([{ ...first, ...change }, ...others]);
    const found: Line = { ...firstOf(report) };
    for (const [key, value] of Object.entries(expected)) assert.is(found[key], value);
    assert.is(found["incarnation"], FIRST_INCARNATION);
    assert.is(report.divergences.count, 1);
    assert.is(report.clients?.lost.events, 1);
  }
});

test("auditClients() calls no add lost when the outbox may be an older copy", async () => {
  await using folder = temporaryFolder();
  makeStores(folder.path);
  const path = join(folder.path, "given.jsonl");
  const late = { ...ADDS[0], sequence: "9" };
  writeFileSync(path, [...ADDS, late].map((line) => `${JSON.stringify(line)}\n`).join(""));
  assert.is(auditFolder(folder.path, { clients: [path] }).outcome, "inexact");
  for (const { serverId } of SERVERS) {
    edit(join(folder.path, serverId, "outbox.sqlite"), "UPDATE outbox SET copied_ms = 1");
  }
  const report = auditFolder(folder.path, { clients: [path] });
  assert.equal([report.outcome, report.clients?.undecided.events], ["undecided", 1]);
});

test("auditClients() is undecided when the event to compare with is gone", async () => {
  for (const servers of [
    withFirstIncarnation({ trimmed: 3 }),
    withFirstIncarnation({ isPurged: true }),
  ]) {
    const report = await auditLines(ADDS, servers);
    assert.is(report.outcome, "undecided");
    assert.equal({ ...report.clients?.undecided }, { events: 4, likes: 1_000_006n });
    assert.is(report.clients?.lost.events, 0);
  }
  const elsewhere = { ...ADDS[0], incarnation: idOf("7", 7) };
  const report = await auditLines([elsewhere]);
  assert.is(report.outcome, "undecided");
  const what = "an acknowledged add is no longer in any outbox";
  assert.is(report.missing.first[0]?.what, what);
});

test("auditClients() counts adds as given up when an operator decided so", async () => {
  const gap = await auditLines(ADDS, withFirstIncarnation({ gap: [1, 2] }));
  assert.equal({ ...gap.clients?.givenUp }, { events: 1, likes: 1_000_000n });
  assert.is(gap.outcome, "exact");
  const gone = await auditLines(ADDS, withFirstIncarnation({ gap: [0, 2], trimmed: 2 }));
  assert.equal({ ...gone.clients?.givenUp }, { events: 3, likes: 1_000_005n });
  assert.is(gone.outcome, "exact", "no outbox stores the events of a closed gap");
  const retired = await auditLines(ADDS, withFirstIncarnation({ applied: 1, state: "retired" }));
  assert.equal({ ...retired.clients?.givenUp }, { events: 2, likes: 1_000_001n });
});

test("auditClients() is undecided when a decision accepted different events", async () => {
  await using folder = temporaryFolder();
  makeStores(folder.path, withFirstIncarnation({ applied: 2 }));
  edit(join(folder.path, LEDGER), "UPDATE incarnations SET digest = ?", idOf("9", 9));
  for (const { outboxId, incarnations } of SERVERS) {
    for (const { incarnation } of incarnations) {
      edit(join(folder.path, LEDGER), decisionSql("digest_differs"), outboxId, incarnation);
    }
  }
  const path = join(folder.path, "given.jsonl");
  writeFileSync(path, ADDS.map((line) => `${JSON.stringify(line)}\n`).join(""));
  const { outcome, clients } = auditFolder(folder.path, { clients: [path] });
  assert.is(outcome, "undecided");
  const { counted, waiting, lost, undecided, givenUp } = clients ?? {};
  assert.equal(
    [counted, waiting, lost].map((sum) => sum?.events),
    [0, 0, 0],
  );
  assert.ok((undecided?.events ?? 0) > 0);
  assert.ok((givenUp?.events ?? 0) > 0);
});

test("auditClients() is undecided and names the line when it is no add", async () => {
  const report = await auditLines([...ADDS.slice(0, 2), { hello: 1 }]);
  assert.is(report.outcome, "undecided");
  assert.match(
    report.missing.first[0]?.what ?? "",
    /^line 3 of ".*given.jsonl" is not from likes add --json$/,
  );
});

test("auditClients() finds adds in any order when they are of several incarnations", async () => {
  const mixed = ADDS.toSorted((a, b) => Number(b["sequence"]) - Number(a["sequence"]));
  assert.ok(mixed.some(({ incarnation }) => incarnation === SECOND_INCARNATION));
  assert.is((await auditLines(mixed)).outcome, "exact");
});

test.run();
