/** kill -9 during a run: the total stays exact, and equal to the sum of the seed. */
import { setTimeout as pause } from "node:timers/promises";
import { test } from "uvu";
import * as assert from "uvu/assert";
import { intervalMs, likesBetween } from "../../src/demo/generator.ts";
import { sampleOf } from "../fixtures/extent.ts";
import { Orchestration } from "../fixtures/orchestration.ts";

const PLAN = { seed: 11, intervalMinMs: 500, intervalMaxMs: 1_000, likesMax: 42, persons: 0 };
const VICTIMS = ["primary", "likes-server-0", "primary", "likes-server-1", "primary"];
const SERVERS = ["likes-server-0", "likes-server-1", "likes-server-2"];

test("orchestrate has the total of its seed when processes are killed after ticks", async () => {
  const flags = ["--servers", "3", "--seed", "11", "--json", "--duration", "5m"];
  const intervals = ["--interval-min", "500ms", "--interval-max", "1s"];
  await using run = new Orchestration([...flags, ...intervals]);
  const primary = await run.started();
  const victims = SERVERS.slice(0, 2).map(async (name, index) => {
    const log = `LikesServer${index}`;
    for (let tick = 1, lines = 0; tick <= 2; tick++) {
      lines = await run.logged(/^#\d+ \+/, log, lines);
      run.signal(name, "SIGKILL");
    }
    await run.logged(/^#\d+ \+/, log, run.log(log).length);
  });
  await run.logged(/^#1 \+/, "LikesServer2");
  run.signal("primary", "SIGKILL");
  await Promise.all(victims);
  run.finish();
  const result = await run.jsonResult();
  assert.is(result.code, 0, run.parent.stderr);
  assert.is(result.exact, true);
  let expected = 0n;
  for (const { serverId, intervalMs: interval, events } of result.servers) {
    const plan = { ...PLAN, serverId };
    assert.is(interval, intervalMs(plan), `${serverId} keeps its interval`);
    expected += likesBetween(plan, 0, Number(events));
  }
  assert.is(result.totalLikes, String(expected));
  assert.is(result.seedLikes, String(expected));
  const told = run.parent.stderr.match(/^\S+ died \(SIGKILL\): restarting it in \d+ ms$/gm);
  assert.is(told?.length, 5, run.parent.stderr);
  assert.match(
    run.parent.stderr,
    new RegExp(`^primary is back: pid ${run.pid("primary")}, restarted once$`, "m"),
  );
  assert.is(result.primaryRestarts, 1);
  assert.equal(
    result.servers.map(({ restarts }) => restarts),
    [2, 2, 0],
  );
  expectSameInterval(run, intervalMs({ ...PLAN, serverId: "likes-server-0" }));
  assert.is(lastAddress(run), primary, "the primary is back on its address");
  const survivor = run.log("LikesServer2").map(({ text }) => text);
  assert.ok(survivor.some((text) => text.startsWith("disconnected: ")));
  const connected = survivor.filter((text) => text.startsWith("connected to the primary: "));
  assert.ok(connected.length > 1, "it logs that it has reconnected");
  assert.ok(survivor.some((text) => text.startsWith(`total ${expected} (version `)));
});

test("orchestrate is exact when its processes are killed repeatedly", async () => {
  const flags = ["--servers", "3", "--duration", "5m", "--json"];
  const intervals = ["--interval-min", "10ms", "--interval-max", "40ms"];
  await using run = new Orchestration([...flags, ...intervals]);
  await run.started();
  for (const name of sampleOf(VICTIMS, 2)) {
    await pause(Math.random() * 500);
    const lines = run.log().length;
    run.signal(name, "SIGKILL");
    await run.logged(new RegExp(`^${name} listens on`), "ParentProcessStatus", lines);
  }
  run.finish();
  const result = await run.jsonResult();
  assert.is(result.code, 0, run.parent.stderr);
  assert.is(result.exact, true);
  assert.is(
    result.seedLikes,
    result.totalLikes,
    "the likes follow the number of events, whatever ticks were missed",
  );
  assert.ok(Number(result.events) > 10 * SERVERS.length);
});

test("orchestrate starts when a LikesServer is killed before it is ready", async () => {
  await using run = new Orchestration(["--servers", "2", "--duration", "1s", "--json"]);
  await run.logged(/^forked likes-server-0: /);
  run.signal("likes-server-0", "SIGKILL");
  const result = await run.jsonResult();
  assert.is(result.code, 0, run.parent.stderr);
  assert.is(result.exact, true);
  assert.match(run.parent.stderr, /^likes-server-0 died \(SIGKILL\): restarting it in /m);
});

/** Checks that a restarted LikesServer appends to its log, with the same interval. */
function expectSameInterval(run: Orchestration, intervalMs: number): void {
  const said = run.log("LikesServer0").filter(({ text }) => text.startsWith("interval "));
  assert.equal(
    said.map(({ text }) => text),
    Array.from({ length: 3 }, () => `interval ${intervalMs} ms, 0 to 42 likes for video`),
  );
}

function lastAddress(run: Orchestration): string | undefined {
  const lines = run.log().flatMap(({ text }) => /^primary listens on (\S+)$/.exec(text)?.[1] ?? []);
  return lines.at(-1);
}

test.run();
