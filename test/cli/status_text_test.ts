import { stripVTControlCharacters } from "node:util";
import fc from "fast-check";
import { test } from "uvu";
import * as assert from "uvu/assert";
import { columnsMax } from "../../src/text/escape.ts";
import { awayText, statusLine, statusTable } from "../../src/cli/status_text.ts";
import type { ServerStatus, Status, TroubleStatus } from "../../src/core/primary/status.ts";
import { idFrom, testId } from "../store/faults.ts";

// Each test file has its own process, so setting the zone affects no other.
process.env["TZ"] = "UTC";
const NOW_MS = Date.UTC(2026, 10, 22, 12, 0, 1);

test("statusLine() writes one line when all is well", () => {
  const view = status({ servers: servers(10) });
  const expected =
    "12:00:01 6,231 likes CONVERGED everywhere, as of 0.3 s ago, 10 of 10 streaming, " +
    "0 events pending";
  assert.is(statusLine(view), expected);
});

test("statusLine() names silent members and troubles when there are any", () => {
  const view = status({
    convergence: "unknown",
    everywhere: false,
    pendingEvents: 1,
    totalLikes: 1n,
    asOfMs: 0,
    servers: [server(0), server(1, { state: "silent" }), server(2, { troubleCount: 1 })],
    ...troubles(1),
  });
  const expected =
    "12:00:01 1 like UNKNOWN, as_of unknown, 2 of 3 streaming, 1 trouble, 1 event pending; " +
    "silent: likes-server-1; trouble 1: gap at likes-server-2, incarnation 33333333, " +
    "since 2026-11-22 12:00:01, " +
    "#5 to #9 (to continue past it: likes resolve 1)";
  assert.is(statusLine(view), expected);
  const silent = Array.from({ length: 5 }, (_, index) => server(index, { state: "silent" }));
  const [, named] = statusLine(status({ servers: silent })).split("; ");
  assert.is(named, "silent: likes-server-0, likes-server-1, likes-server-2 and 2 more");
  assert.match(statusLine(status({ servers: [] })), /, no LikesServers, /);
});

test("statusLine() says why counting has stopped when the ledger cannot be written", () => {
  assert.match(
    statusLine(status({ writeFailure: "disk_full" })),
    ", 1 of 1 streaming, ledger disk full, ",
  );
  const busy = statusLine(status({ writeFailure: "store_busy" }));
  assert.match(busy, ", ledger locked by another program, ");
});

test("awayText() says UNKNOWN and ages as_of when the primary is silent", () => {
  const options = { columns: 60, color: false };
  const reason = "Cannot reach the primary:\u001b[2J gone; see that it runs there, as ever";
  const lines = awayText(status({}), 7_000, { ...options, reason }).split("\n");
  assert.equal(lines.slice(0, 2), [
    "6,231 likes UNKNOWN, as of 7.3 s ago",
    "no answer from the primary for 7 s; trying again",
  ]);
  assert.match(lines[2] ?? "", /^Cannot reach the primary:\\u\{1b\}/);
  assert.ok(lines.every((line) => columnsMax(line) <= 60));
  assert.is(awayText(status({ asOfMs: 0 }), 1, options).split("\n").length, 2);
  const colored = awayText(status({}), 7_000, { columns: 60, color: true });
  assert.match(colored, "\u001b[31mUNKNOWN\u001b[39m");
});

test("statusLine() never shows a negative age when as_of is ahead", () => {
  assert.match(statusLine(status({ asOfMs: NOW_MS + 5_000 })), /as of 0 s ago/);
});

test("statusTable() has a headline and a row per LikesServer when there is room", () => {
  const view = status({ servers: [server(0), server(1, { pendingEvents: 12 })] });
  assert.equal(statusTable(view, { columns: 120, color: false }).split("\n"), [
    "6,231 likes CONVERGED everywhere, as of 0.3 s ago, 2 of 2 streaming, 0 events pending, " +
      "up 4 m 12 s",
    "",
    "LikesServer     state      address          pending  accepted  applied  shows  silent",
    "likes-server-0  streaming  127.0.0.1:41000        0       623      600  6,231   0.3 s",
    "likes-server-1  streaming  127.0.0.1:41001       12       623      600  6,231   0.3 s",
  ]);
});

test("statusTable() drops columns when the terminal is narrow", () => {
  const text = statusTable(status({ servers: servers(3) }), { columns: 34, color: false });
  assert.ok(text.includes("LikesServer     state      pending"));
  assert.not.ok(text.includes("127.0.0.1"));
});

test("statusTable() lists the LikesServers that need attention when there are too many", () => {
  const many = servers(30).with(20, server(20, { state: "silent" }));
  const view = status({ servers: many.with(29, server(29, { troubleCount: 1 })) });
  const text = statusTable(view, { columns: 120, color: false, rowsMax: 4 });
  assert.match(text, /server-20 +silent[^]+server-29 +trouble/);
  const gone = status({ servers: [server(0, { state: "silent", troubleCount: 1 }), server(1)] });
  const first = statusTable(gone, { columns: 120, color: false, rowsMax: 1 });
  assert.match(first, /server-0 +silent/, "one that is gone does not stream, whatever else it has");
  assert.match(text, /\n… and 26 more$/);
});

test("statusTable() lists the oldest troubles and counts the others below the rows", () => {
  const view = status({ servers: servers(20), ...troubles(5) });
  const lines = statusTable(view, { columns: 80, color: false, rowsMax: 14 }).split("\n");
  const named = lines.slice(lines.indexOf("") + 1);
  assert.is(named.filter((line) => line.startsWith("likes-server-")).length, 4, "rows give way");
  assert.equal(lines.slice(-11), [
    "",
    "trouble 1: gap at likes-server-2, incarnation 33333333",
    "  since 2026-11-22 12:00:01, #5 to #9: they are lost",
    "  to continue past it: likes resolve 1",
    "trouble 2: gap at likes-server-2, incarnation 33333333",
    "  since 2026-11-22 12:00:01, #5 to #9: they are lost",
    "  to continue past it: likes resolve 2",
    "trouble 3: gap at likes-server-2, incarnation 33333333",
    "  since 2026-11-22 12:00:01, #5 to #9: they are lost",
    "  to continue past it: likes resolve 3",
    "… and 2 more troubles: likes status --once --json",
  ]);
  assert.match(statusLine(view), /; … and 2 more troubles: likes status --once --json$/);
});

test("statusTable() escapes text when a peer sent escape sequences", () => {
  const evil = { serverId: "\u001b[2J", address: "\u202e:1" };
  const named = troubles(1, { serverId: "\u001b[2J", detail: "a\nb" });
  const view = status({ servers: [server(0, evil)], ...named });
  const text = statusTable(view, { columns: 99, color: false });
  assert.not.ok(/[\u001b\u202e]/.test(text));
  assert.ok(text.includes("gap at \\u{1b}[2J, "));
  assert.ok(text.includes(": a\\u{0a}b"));
});

test("statusTable() is coloured when told to, whatever stdout is", () => {
  const view = status({ servers: servers(2) });
  const plain = statusTable(view, { columns: 80, color: false });
  const colored = statusTable(view, { columns: 80, color: true });
  assert.ok(colored.includes("\u001b[32mstreaming\u001b[39m"));
  assert.ok(colored.includes("\u001b[32mCONVERGED everywhere\u001b[39m"));
  assert.is(stripVTControlCharacters(colored), plain);
});

test("statusTable() is never wider than the terminal for any status", () => {
  const unit = fc.constantFrom("a", "Z", "-", "日", "語", "\u001b", "\u202e");
  const text = fc.string({ unit, maxLength: 80 });
  const likes = fc.bigInt({ min: 0n, max: 2n ** 64n - 1n });
  const overrides = fc.record({
    serverId: text,
    address: text,
    state: fc.constantFrom("streaming", "silent"),
    troubleCount: fc.constantFrom(0, 1),
    acceptedLikes: likes,
    knownTotalLikes: likes,
    pendingEvents: fc.nat(),
  });
  const members = fc.array(overrides, { maxLength: 20 });
  fc.assert(
    fc.property(members, likes, fc.integer({ min: 1, max: 200 }), (all, totalLikes, columns) => {
      const rows = all.map((one, index) => server(index, one));
      const view = status({ totalLikes, servers: rows, ...troubles(all.length, all[0]) });
      const lines = statusTable(view, { columns, color: false }).split("\n");
      return lines.every((line) => columnsMax(line) <= columns);
    }),
  );
});

test("statusLine() says everywhere only when the status does", () => {
  assert.match(statusLine(status({})), " likes CONVERGED everywhere, ");
  assert.match(statusLine(status({ everywhere: false })), " likes CONVERGED, ");
  const catchingUp = status({ everywhere: false, convergence: "catching_up" });
  assert.match(statusLine(catchingUp), " likes CATCHING_UP, ");
});

test("statusTable() and statusLine() name one foreign server and count the others", () => {
  const foreignServers = ["fra-1", "fra-2", "fra-3"].map((serverId) => ({
    serverId,
    outboxId: testId(2),
    address: "127.0.0.1:50052",
    ledgerId: idFrom("3f2a91c0"),
    fingerprint: undefined,
    sinceMs: NOW_MS,
  }));
  const view = status({ foreignServers, servers: [], convergence: "unknown", everywhere: false });
  const table = statusTable(view, { columns: 100, color: false });
  assert.match(table, "UNKNOWN, as of 0.3 s ago, no LikesServers, 3 from another ledger, 0 events");
  assert.match(table, "\nfra-1 at 127.0.0.1:50052 is from another ledger\n  since ");
  assert.match(
    table,
    "its outbox belongs to ledger 3f2a91c0; this is 00000000\n  start this primary",
  );
  assert.match(table, "\n… and 2 more from another ledger: likes status --once --json");
  const line = statusLine(view);
  assert.match(line, "; fra-1 at 127.0.0.1:50052 is from another ledger, since ");
  assert.match(line, "; … and 2 more from another ledger");
  assert.not.match(line, "fra-2");
});

test("statusTable() and statusLine() tell a server with another secret from one of another ledger", () => {
  const server = { outboxId: testId(2), address: "127.0.0.1:50052", sinceMs: NOW_MS };
  const foreignServers = [
    { ...server, serverId: "fra-1", ledgerId: idFrom("3f2a91c0"), fingerprint: undefined },
    { ...server, serverId: "fra-2", ledgerId: undefined, fingerprint: idFrom("5ec2e7") },
  ];
  const view = status({ foreignServers });
  const table = statusTable(view, { columns: 150, color: false });
  assert.match(table, ", 1 from another ledger, 1 with another secret, ");
  assert.match(table, "\nfra-2 at 127.0.0.1:50052 has another persons.secret\n  since ");
  assert.match(statusLine(view), "; fra-2 at 127.0.0.1:50052 has another persons.secret, since ");
});

test("statusTable() and statusLine() name one unrecorded trouble and count the others", () => {
  const unrecorded = ["fra-1", "fra-2"].map((serverId) => ({
    serverId,
    outboxId: testId(2),
    address: "127.0.0.1:50052",
    incarnation: idFrom("3f2a91c0"),
    kind: "retired_returned" as const,
    sinceMs: NOW_MS,
  }));
  const view = status({ unrecorded, convergence: "unknown", everywhere: false });
  const table = statusTable(view, { columns: 100, color: false });
  assert.match(table, "unrecorded trouble at 2 LikesServers");
  assert.match(table, "\nfra-1 at 127.0.0.1:50052 reports trouble that is not recorded\n  since ");
  assert.match(table, "no room for retired_returned of incarnation 3f2a91c0\n");
  assert.match(table, "\n… and 1 more with unrecorded trouble");
  const line = statusLine(view);
  assert.match(line, "; fra-1 at 127.0.0.1:50052 reports trouble that is not recorded, since ");
  assert.not.match(line, "fra-2");
});

function status(overrides: Partial<Status>): Status {
  return {
    convergence: "converged",
    everywhere: true,
    totalLikes: 6_231n,
    pendingEvents: 0,
    asOfMs: NOW_MS - 300,
    nowMs: NOW_MS,
    startedMs: NOW_MS - 252_000,
    ledgerId: testId(0),
    generation: testId(1),
    version: 812,
    servers: servers(1),
    troubles: [],
    troubleCount: 0,
    foreignServers: [],
    unrecorded: [],
    writeFailure: undefined,
    ...overrides,
  };
}

function troubles(
  troubleCount: number,
  overrides: Partial<Pick<TroubleStatus, "serverId" | "detail">> = {},
): Pick<Status, "troubles" | "troubleCount"> {
  const named = Array.from({ length: troubleCount }, (_, index) => ({
    number: index + 1,
    kind: "gap" as const,
    serverId: "likes-server-2",
    outboxId: testId(2),
    incarnation: idFrom("33333333"),
    events: { first: 5, last: 9 },
    digest: undefined,
    detail: "they are lost",
    sinceMs: NOW_MS,
    doubtfulAsOf: undefined,
    ...overrides,
  }));
  return { troubles: named, troubleCount };
}

function servers(count: number): ServerStatus[] {
  return Array.from({ length: count }, (_, index) => server(index));
}

function server(index: number, overrides: Partial<ServerStatus> = {}): ServerStatus {
  return {
    serverId: `likes-server-${index}`,
    outboxId: testId(2),
    incarnation: idFrom("33333333"),
    address: `127.0.0.1:${41_000 + index}`,
    state: "streaming",
    troubleCount: 0,
    lastSequence: 10,
    appliedSequence: 10,
    acceptedLikes: 623n,
    appliedLikes: 600n,
    knownTotalLikes: 6_231n,
    silentForMs: 300,
    pendingEvents: 0,
    ...overrides,
  };
}

test.run();
