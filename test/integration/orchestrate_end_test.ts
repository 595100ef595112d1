/** Runs that end early: by Ctrl-C, by the death of the parent, and when no one reads the output. */
import { test } from "uvu";
import * as assert from "uvu/assert";
import { sampleOf } from "../fixtures/extent.ts";
import { Orchestration } from "../fixtures/orchestration.ts";
import { typed } from "../fixtures/typed.ts";

const LONG = ["--servers", "2", "--duration", "5m", "--interval-min", "50ms"];
const FLAGS = [...LONG, "--interval-max", "100ms"];

for (const signal of sampleOf(["SIGINT", "SIGTERM", "SIGHUP"] as const, 1)) {
  test(`orchestrate drains and gives its verdict when it gets ${signal} once`, async () => {
    await using run = new Orchestration(FLAGS);
    await run.started();
    await run.logged(/^#3 \+/, "LikesServer0");
    run.parent.signal(signal);
    const { code, stdout, stderr } = await run.result();
    assert.is(code, 0, stderr);
    const [, likes = "?"] =
      /^EXACT ([\d,]+) likes? in [\d,]+ events?; converged /.exec(stdout) ?? [];
    assert.match(stdout, `primary ${likes}; 3 of 3 processes agree\n`);
    assert.ok(run.log().some(({ text }) => text.startsWith("stop requested")));
    await run.gone();
    expectNothingAfter(run, "LikesServer0", "LikesServer1");
    const proof = await typed(["verify", "--data-dir", run.dataDir]);
    assert.match(
      proof.stdout,
      new RegExp(`^EXACT ${likes} likes: `),
      "no likes came after the verdict",
    );
  });
}

test("orchestrate waits for a generator that confirms its stop late", async () => {
  await using run = new Orchestration([...FLAGS, "--json", "--drain-timeout", "5m"]);
  await run.started();
  await run.logged(/^#3 \+/, "LikesServer1");
  run.signal("likes-server-1", "SIGSTOP");
  run.finish();
  await run.logged(/^stop requested/);
  await run.logged(/ likes UNKNOWN, .*; silent: likes-server-1$/);
  assert.not.ok(run.log().some(({ text }) => text.startsWith("all LikesServers have stopped")));
  run.signal("likes-server-1", "SIGCONT");
  const result = await run.jsonResult();
  assert.is(result.code, 0, run.parent.stderr);
  expectNothingAfter(run, "LikesServer0", "LikesServer1");
});

test("orchestrate ends at once when it gets a second SIGINT", async () => {
  await using run = new Orchestration([...FLAGS, "--drain-timeout", "1m"]);
  await run.started();
  run.signal("likes-server-1", "SIGSTOP"); // the drain then lasts until its timeout
  run.parent.signal("SIGINT");
  await run.logged(/^stop requested/);
  run.parent.signal("SIGINT");
  const { code, stdout, stderr } = await run.result();
  assert.is(code, 130);
  assert.is(stdout, "");
  assert.match(stderr, /\nended at once, without a verdict\n$/);
  await run.gone();
});

test("orchestrate gives a verdict when it gets SIGINT before it has started", async () => {
  await using run = new Orchestration(FLAGS);
  await run.logged(/^forked likes-server-0/);
  run.parent.signal("SIGINT");
  const { code, stdout, stderr } = await run.result();
  assert.is(code, 0, stderr);
  assert.match(stdout, /^EXACT \d+ likes? in \d+ events?; converged/);
  await run.gone();
});

test("orchestrate leaves no process when it is killed", async () => {
  await using run = new Orchestration(FLAGS);
  await run.started();
  await run.parent.end("SIGKILL");
  await run.gone();
});

test("orchestrate leaves no process when it is killed during the start", async () => {
  for (const name of sampleOf(["primary", "likes-server-0", "likes-server-1"], 1)) {
    await using run = new Orchestration(FLAGS);
    await run.logged(new RegExp(`^forked ${name}`));
    await run.parent.end("SIGKILL");
    await run.gone();
  }
});

test("orchestrate exits silently, without a claim, when its output pipe is closed", async () => {
  await using run = new Orchestration(["--servers", "2", "--duration", "1s", "--quiet"]);
  run.parent.stopReading();
  const { code, stderr } = await run.result();
  assert.is(code, 141);
  assert.is(stderr, "");
  await run.gone();
});

/** Checks that no like follows the line that says that all generators have stopped. */
function expectNothingAfter(run: Orchestration, ...names: readonly string[]): void {
  const said = run.log().find(({ text }) => text.startsWith("all LikesServers have stopped"));
  assert.ok(said !== undefined, "the line is in the log");
  for (const name of names) {
    const late = run.log(name).filter(({ atMs, text }) => text.startsWith("#") && atMs > said.atMs);
    assert.equal(late, [], name);
  }
}

test.run();
