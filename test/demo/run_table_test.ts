import { test } from "uvu";
import * as assert from "uvu/assert";
import { columnsMax } from "../../src/text/escape.ts";
import { runTable } from "../../src/demo/run_table.ts";
import type { RunTableView } from "../../src/demo/run_table.ts";
import { serverStatus } from "../rpc/serving.ts";
import { processes, runStatus } from "./run_fixture.ts";

const AWAY = { state: "away", pid: undefined } as const;

function linesOf(view: RunTableView, columns = 120, lines = 30): string[] {
  return runTable(view, { columns, lines, color: false }).split("\n");
}

test("runTable() has one row per process, with its pid and its status", () => {
  const lines = linesOf({ processes: processes(), latest: runStatus() });
  assert.match(lines[0] ?? "", /^6,231 likes CONVERGED everywhere, as of 0\.3 s ago, /);
  const titles = "process state pid restarts address pending accepted applied shows silent";
  assert.equal(lines[2]?.split(/ +/), titles.split(" "));
  assert.match(lines[3] ?? "", /^primary +up +4242 +0 +127\.0\.0\.1:41000 +6,231$/);
  assert.match(
    lines[4] ?? "",
    /^likes-server-0 +streaming +4243 +0 +127\.0\.0\.1:41001 +0 +2,077 +2,077 +6,231 +0\.3 s$/,
  );
  assert.is(lines.length, 7);
});

test("runTable() shows which processes are away or starting, and their restarts", () => {
  const changed = processes({
    "likes-server-0": { ...AWAY, restarts: 0 },
    "likes-server-1": { state: "starting", pid: 77, restarts: 3 },
    "likes-server-2": { ...AWAY, state: "given up", restarts: 4 },
  });
  const lines = linesOf({ processes: changed, latest: runStatus() });
  assert.match(lines[4] ?? "", /^likes-server-0 +away +0 +127/);
  assert.match(lines[5] ?? "", /^likes-server-1 +starting +77 +3 +127/);
  assert.match(lines[6] ?? "", /^likes-server-2 +given up +4 +127/);
});

test("runTable() prefers the status over the parent for live members", () => {
  const servers = runStatus().servers.map((server, index) => {
    return index === 1 ? { ...server, state: "silent" as const } : server;
  });
  const stranger = { ...serverStatus(7), serverId: "by-hand" };
  const latest = runStatus({ servers: [...servers, stranger] });
  const lines = linesOf({ processes: processes(), latest });
  assert.match(lines[5] ?? "", /^likes-server-1 +silent /);
  assert.match(lines[7] ?? "", /^by-hand +streaming +\S+:\d+ +\d/, "a member started by hand");
});

test("runTable() shows only which processes live while the primary is away", () => {
  const silence = { status: runStatus(), silentMs: 2_000, reason: "Cannot reach it: gone" };
  const primary = { state: "starting", restarts: 1 } as const;
  const lines = linesOf({ processes: processes({ primary }), latest: silence });
  assert.equal(lines.slice(0, 3), [
    "6,231 likes UNKNOWN, as of 2.3 s ago",
    "no answer from the primary for 2 s; trying again",
    "Cannot reach it: gone",
  ]);
  assert.match(lines[5] ?? "", /^primary +starting +4242 +1 +127\.0\.0\.1:41000$/);
  assert.match(lines[6] ?? "", /^likes-server-0 +up +4243 +0 +127\.0\.0\.1:41001$/);
  const hung = linesOf({ processes: processes(), latest: silence });
  assert.match(hung[5] ?? "", /^primary +silent /, "it is alive, but does not answer");
});

test("runTable() keeps pids and restarts when the terminal is narrow", () => {
  for (const columns of [60, 80]) {
    const lines = linesOf({ processes: processes(), latest: runStatus() }, columns);
    assert.ok(lines.every((line) => columnsMax(line) <= columns));
    assert.ok(lines.some((line) => /^process +state +pid +restarts .*shows/.test(line)));
  }
});

test("runTable() fits the terminal's height, and keeps processes that are away", () => {
  const changed = processes({ "likes-server-2": AWAY });
  for (const [lines, hidden] of [
    [9, 0],
    [7, 1],
  ] as const) {
    const text = linesOf({ processes: changed, latest: runStatus() }, 120, lines);
    assert.ok(text.length <= lines, `${text.length} lines in ${lines}`);
    assert.is(text.includes(`… and ${hidden} more`), hidden > 0);
    assert.ok(text.some((line) => line.startsWith("likes-server-2  away")));
    assert.ok(text.some((line) => line.startsWith("primary ")));
  }
});

test("runTable() colors the states when color is on", () => {
  const view = { processes: processes({ "likes-server-0": AWAY }), latest: runStatus() };
  const text = runTable(view, { columns: 120, lines: 30, color: true });
  assert.match(text, "\u001b[31maway\u001b[39m");
  assert.match(text, "\u001b[32mup\u001b[39m");
  assert.match(text, "\u001b[32mstreaming\u001b[39m");
});

test.run();
