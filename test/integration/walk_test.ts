/** The walkthrough in three terminals: each command as typed, and its output. */
import { existsSync } from "node:fs";
import { join } from "node:path";
import { test } from "uvu";
import * as assert from "uvu/assert";
import { becomes } from "../fixtures/eventually.ts";
import { Counter } from "../fixtures/roles.ts";

test("the commands work together, and suggest the next one", async () => {
  await using counter = new Counter();
  const primary = await counter.startPrimary();
  assert.is(primary.stdout, `listening ${counter.primary}\n`);
  await primary.waitFor(/next, in another terminal: npx likes start-likes --primary/);
  assert.match(primary.stderr, `log: tail -f ${counter.logDir}/PrimaryLikesServer/log.txt`);
  const at = ["--primary", counter.primary];
  const flags = ["--log-dir", counter.logDir, ...at];
  const roles = [0, 1].map(() => counter.spawn(["start-likes", ...flags]));
  for (const role of roles) await role.waitFor(/next, in another terminal: npx likes add video 5/);
  for (const id of ["likes-server-0", "likes-server-1"]) {
    const outbox = join(counter.folder, "likes", id, "outbox.sqlite");
    assert.ok(existsSync(outbox), "the state is in $XDG_STATE_HOME/likes");
  }
  await becomes("two members", async () => (await counter.status()).servers.length === 2);

  const five = await counter.likes(["add", "video", "5", ...at]);
  assert.match(five.stdout, /^likes-server-[01] #\d+ accepted 5 likes for video\n$/);
  const one = await counter.likes(["add", "song", ...at]);
  assert.match(one.stdout, /^likes-server-[01] #\d+ accepted 1 like for song\n$/);
  const none = JSON.parse((await counter.likes(["add", "video", "0", "--json", ...at])).stdout);
  assert.match(none.sequence, /^[1-9]\d*$/, "64-bit numbers are text in JSON");

  const wait = await counter.likes(["status", "--wait", ...at]);
  assert.is(wait.code, 0, wait.stderr);
  const count = await counter.likes(["count", ...at]);
  assert.match(count.stdout, /video +5\nsong +1\n/);
  const named = await counter.likes(["count", "song", "nobody", "--json", ...at]);
  const { counts, convergence, asOfUnixMs } = JSON.parse(named.stdout);
  assert.equal(counts, [
    { itemId: "song", likes: "1", reactions: [] },
    { itemId: "nobody", likes: "0", reactions: [] },
  ]);
  assert.is(convergence, "CONVERGENCE_CONVERGED");
  assert.match(asOfUnixMs, /^\d{13}$/);

  const once = await counter.likes(["status", "--once", ...at]);
  assert.is(once.stdout.split("\n").length, 2, "one line when it is piped");
  const status = JSON.parse((await counter.likes(["status", "--once", "--json", ...at])).stdout);
  assert.is(status.totalLikes, "6");
  assert.is(status.servers.length, 2);
});

test("status keeps printing, and a role prints JSON on request", async () => {
  await using counter = new Counter();
  const folders = ["--data-dir", counter.dataDir, "--log-dir", counter.logDir];
  const primary = counter.spawn(["start-primary", "--port", "0", "--json", ...folders]);
  const [ready] = await primary.waitFor(/^\{.*\}$/m);
  const { listening, log } = JSON.parse(ready);
  assert.is(primary.stderr, "");
  assert.is(log, join(counter.logDir, "PrimaryLikesServer", "log.txt"));
  const generate = ["--generate", "--interval-min", "10ms", "--interval-max", "20ms"];
  const args = ["start-likes", "--primary", listening, "--json", ...generate, ...folders];
  const likes = counter.spawn(args);
  const [started] = await likes.waitFor(/^\{.*\}$/m);
  const { serverId, seed } = JSON.parse(started);
  assert.is(serverId, "likes-server-0");
  assert.ok(Number.isInteger(seed), "a drawn seed is printed");
  const follow = ["status", "--interval", "100ms", "--primary", listening];
  const status = counter.spawn([...follow, "--json"]);
  await becomes("a growing total", () => {
    const totals = status.stdout.matchAll(/"totalLikes":"(\d+)"/g);
    return new Set([...totals].map(([, total]) => total)).size >= 3;
  });
  const piped = counter.spawn(follow);
  await becomes("a line per interval", () => piped.stdout.split("\n").length > 3);
  const { code, stdout } = await likes.end("SIGTERM");
  assert.is(code, 0);
  const stopped = JSON.parse(stdout.trimEnd().split("\n").at(-1) ?? "");
  assert.equal(stopped, { stopped: "likes-server-0", pendingEvents: 0 });
});

test.run();
