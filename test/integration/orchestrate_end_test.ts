/** How a run ends before its time: by Ctrl-C, without its parent, without a reader. */
import { test } from "uvu";
import * as assert from "uvu/assert";
import { Orchestration } from "../fixtures/orchestration.ts";

const LONG = ["--servers", "3", "--duration", "5m", "--interval-min", "50ms"];
const FLAGS = [...LONG, "--interval-max", "100ms"];

for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"] as const) {
  test(`orchestrate drains and gives its verdict when it gets ${signal} once`, async () => {
    await using run = new Orchestration(FLAGS);
    await run.started();
    await run.logged(/^#3 \+/, "LikesServer0");
    run.parent.signal(signal);
    const { code, stdout, stderr } = await run.result();
    assert.is(code, 0, stderr);
    assert.match(stdout, /^EXACT [\d,]+ likes in [\d,]+ events; 4 of 4 processes show it; /);
    assert.ok(run.log().some(({ text }) => text.startsWith("told to end")));
    await run.gone();
  });
}

test("orchestrate ends at once when it gets a second SIGINT", async () => {
  await using run = new Orchestration([...FLAGS, "--drain-timeout", "1m"]);
  await run.started();
  run.signal("likes-server-1", "SIGSTOP"); // so that the drain takes as long as it may
  run.parent.signal("SIGINT");
  await run.logged(/^told to end/);
  run.parent.signal("SIGINT");
  const { code, stdout } = await run.result();
  assert.is(code, 130);
  assert.is(stdout, "");
  await run.gone();
});

test("orchestrate gives a verdict when it gets SIGINT before it has started", async () => {
  await using run = new Orchestration(FLAGS);
  await run.logged(/^forked likes-server-0/);
  run.parent.signal("SIGINT");
  const { code, stdout, stderr } = await run.result();
  assert.is(code, 0, stderr);
  assert.match(stdout, /^EXACT \d+ likes in \d+ events; 4 of 4 processes show it; /);
  await run.gone();
});

test("orchestrate leaves no process when it is killed", async () => {
  await using run = new Orchestration(FLAGS);
  await run.started();
  await run.parent.end("SIGKILL");
  await run.gone();
});

test("orchestrate leaves no process when it is killed before they have started", async () => {
  for (const name of ["primary", "likes-server-0", "likes-server-2"]) {
    await using run = new Orchestration(FLAGS);
    await run.logged(new RegExp(`^forked ${name}`));
    await run.parent.end("SIGKILL");
    await run.gone();
  }
});

test("orchestrate ends silently with 0 when nobody reads its verdict", async () => {
  await using run = new Orchestration(["--servers", "2", "--duration", "1s", "--quiet"]);
  run.parent.stopReading();
  const { code, stderr } = await run.result();
  assert.is(code, 0);
  assert.is(stderr, "");
  await run.gone();
});

test.run();
