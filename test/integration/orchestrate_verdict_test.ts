/** Runs whose verdict is not EXACT: their lines and exit codes. They leave no process. */
import { rmSync } from "node:fs";
import { join } from "node:path";
import { test } from "uvu";
import * as assert from "uvu/assert";
import { secretIn } from "../../src/store/secret_file.ts";
import { Counter } from "../fixtures/roles.ts";
import { Orchestration } from "../fixtures/orchestration.ts";
import { giveSecret } from "../fixtures/secret.ts";

const QUICK = ["--interval-min", "100ms", "--interval-max", "200ms", "--json"];
const FLAGS = ["--servers", "2", "--duration", "5m", "--drain-timeout", "1s", ...QUICK];

test("orchestrate exits 4 when a LikesServer does not answer", async () => {
  await using run = new Orchestration(FLAGS);
  await run.started();
  await run.logged(/^#1 \+/, "LikesServer1");
  run.signal("likes-server-1", "SIGSTOP");
  run.finish();
  const result = await run.jsonResult();
  assert.is(result.code, 4);
  assert.is(result.verdict, "inexact");
  assert.is(result.converged, false);
  assert.is(result.servers[1]?.knownTotalLikes, null);
  const [head = "", sums = ""] = verdictOf(run);
  assert.match(head, /^NOT EXACT .*; not converged in time \(likes-server-1 may still add likes, /);
  assert.match(sums, /^sums .*; \d of 3 processes agree; .*likes-server-1 does not answer/);
  assert.match(
    run.parent.stderr,
    /^likes-server-1 did not confirm the stop: more likes may follow; /m,
  );
  await run.gone();
});

test("orchestrate exits 4 when a process keeps crashing", async () => {
  await using run = new Orchestration(FLAGS);
  await run.started();
  for (let deaths = 1, lines = 0; deaths <= 5; deaths++) {
    lines = await run.logged(/^forked likes-server-0: /, "ParentProcessStatus", lines);
    run.signal("likes-server-0", "SIGKILL");
  }
  const result = await run.jsonResult();
  assert.is(result.code, 4);
  assert.is(result.givenUp, true);
  assert.match(
    run.parent.stderr,
    /^likes-server-0 died \(SIGKILL\) 5 times in a row: it is not restarted again$/m,
  );
  const [head = "", sums = ""] = verdictOf(run);
  assert.match(head, /; a process kept crashing$/);
  assert.match(sums, /likes-server-0 does not answer/);
  await run.gone();
});

test("orchestrate exits 5 when a member keeps its outbox elsewhere", async () => {
  await using run = new Orchestration(FLAGS);
  const primary = await run.started();
  await using elsewhere = new Counter();
  giveSecret(elsewhere.dataDir, secretIn(run.dataDir));
  const flags = ["--id", "elsewhere", "--primary", primary, "--port", "0"];
  const folders = ["--data-dir", elsewhere.dataDir, "--log-dir", elsewhere.logDir];
  const role = elsewhere.spawn(["start-likes", ...flags, ...folders]);
  await run.logged(/^elsewhere was admitted/, "PrimaryLikesServer");
  run.finish();
  const result = await run.jsonResult();
  assert.is(result.code, 5);
  assert.is(result.verdict, "undecided");
  assert.is(result.exact, false);
  assert.match(result.unreadable.join(), /^elsewhere: its outbox [0-9a-f]{32} is not in /);
  assert.match(verdictOf(run)[0] ?? "", /^UNDECIDED: elsewhere: /);
  await role.end("SIGKILL");
  await run.gone();
});

test("orchestrate exits 5 when a member that kept its outbox elsewhere has left", async () => {
  await using run = new Orchestration(FLAGS);
  const primary = await run.started();
  await using elsewhere = new Counter();
  giveSecret(elsewhere.dataDir, secretIn(run.dataDir));
  const flags = ["--id", "elsewhere", "--primary", primary, "--port", "0"];
  const folders = ["--data-dir", elsewhere.dataDir, "--log-dir", elsewhere.logDir];
  const role = elsewhere.spawn(["start-likes", "--generate", ...QUICK, ...flags, ...folders]);
  await run.logged(/^elsewhere #1 /, "PrimaryLikesServer");
  await role.end("SIGINT");
  run.finish();
  const result = await run.jsonResult();
  assert.is(result.code, 5, JSON.stringify(result));
  assert.match(result.unreadable.join(), /^elsewhere: /);
});

test("orchestrate exits 5 when an outbox cannot be read", async () => {
  await using run = new Orchestration(FLAGS);
  await run.started();
  await run.logged(/^#1 \+/, "LikesServer1");
  // The process keeps using its open files.
  rmSync(join(run.dataDir, "likes-server-1"), { recursive: true });
  run.finish();
  const result = await run.jsonResult();
  assert.is(result.code, 5, JSON.stringify(result));
  assert.match(result.unreadable[0] ?? "", /^likes-server-1: Cannot read the outbox of /);
  await run.gone();
});

/** Returns the lines of the verdict, which are the last ones of the parent's log. */
function verdictOf(run: Orchestration): readonly string[] {
  return run
    .log()
    .slice(-4)
    .map(({ text }) => text);
}

test.run();
