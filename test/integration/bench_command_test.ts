/** `likes bench` against real processes. */
import { test } from "uvu";
import * as assert from "uvu/assert";
import { Counter } from "../fixtures/roles.ts";

test("likes bench finds nothing lost or doubled, by single calls and by batches", async () => {
  await using counter = new Counter();
  await counter.startPrimary();
  await counter.startAccepting("a");
  await counter.startAccepting("b");
  for (const [batch, rate] of [
    ["1", "100"],
    ["50", "2000"],
  ] as const) {
    const args = ["bench", "--rate", rate, "--batch", batch, "--duration", "1s", "--json"];
    const { code, stdout, stderr } = await counter.likes([...args, "--primary", counter.primary]);
    assert.is(code, 0, stderr + stdout);
    const { accepted, counted, lost, doubled, servers, ...others } = JSON.parse(stdout);
    assert.ok(accepted > 0 && accepted === counted, stdout);
    assert.equal([lost, doubled, servers, others.unknown], [0, 0, 2, 0]);
    for (const { p50, p99, max } of [others.acceptedMs, others.visibleMs]) {
      assert.ok(p50 <= p99 && p99 <= max, stdout);
    }
  }
  const { stdout } = await counter.likes(["count", "--all", "--primary", counter.primary]);
  assert.match(stdout, /^likes-bench-\d+-0 /m, "its items say whose they are");
});

test("likes bench says what it cannot reach, and what is too much", async () => {
  await using counter = new Counter();
  const away = await counter.likes(["bench", "--primary", "127.0.0.1:1"]);
  assert.is(away.code, 3);
  assert.match(away.stderr, /^Error: Cannot reach the primary at 127\.0\.0\.1:1/);
  const much = await counter.likes(["bench", "--rate", "1000000", "--duration", "1h"]);
  assert.is(much.code, 2);
  assert.match(much.stderr, /^Error: Cannot add more than 10000000 likes: 1000000 a second for 1h/);
});

test.run();
