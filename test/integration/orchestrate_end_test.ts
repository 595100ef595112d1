/** How a run ends before its time: by Ctrl-C, without its parent, without a reader. */
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
    assert.match(stdout, `primary ${likes}; 3 of 3 processes show it\n`);
    assert.ok(run.log().some(({ text }) => text.startsWith("told to end")));
    await run.gone();
    expectNothingAfter(run, "LikesServer0", "LikesServer1");
    const proof = await typed(["verify", "--data-dir", run.dataDir]);
    assert.match(proof.stdout, new RegExp(`^EXACT ${likes} likes: `), "nothing came after that");
  });
}

test("orchestrate waits for a generator when that says late that it has stopped", async () => {
  await using run = new Orchestration([...FLAGS, "--json", "--drain-timeout", "5m"]);
  await run.started();
  await run.logged(/^#3 \+/, "LikesServer1");
  run.signal("likes-server-1", "SIGSTOP");
  run.finish();
  await run.logged(/^told to end/);
  await run.logged(/ likes UNKNOWN, .*; silent: likes-server-1$/);
  assert.not.ok(run.log().some(({ text }) => text.startsWith("no LikesServer gives any more")));
  run.signal("likes-server-1", "SIGCONT");
  const result = await run.jsonResult();
  assert.is(result.code, 0, run.parent.stderr);
  expectNothingAfter(run, "LikesServer0", "LikesServer1");
});

test("orchestrate ends at once when it gets a second SIGINT", async () => {
  await using run = new Orchestration([...FLAGS, "--drain-timeout", "1m"]);
  await run.started();
  run.signal("likes-server-1", "SIGSTOP"); // so that the drain takes as long as it may
  run.parent.signal("SIGINT");
  await run.logged(/^told to end/);
  run.parent.signal("SIGINT");
  const { code, stdout, stderr } = await run.result();
  assert.is(code, 130);
  assert.is(stdout, "");
  assert.match(stderr, /\nended at once: there is no verdict\n$/);
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

test("orchestrate leaves no process when it is killed before they have started", async () => {
  for (const name of sampleOf(["primary", "likes-server-0", "likes-server-1"], 1)) {
    await using run = new Orchestration(FLAGS);
    await run.logged(new RegExp(`^forked ${name}`));
    await run.parent.end("SIGKILL");
    await run.gone();
  }
});

test("orchestrate ends silently, and claims nothing, when nobody reads its verdict", async () => {
  await using run = new Orchestration(["--servers", "2", "--duration", "1s", "--quiet"]);
  run.parent.stopReading();
  const { code, stderr } = await run.result();
  assert.is(code, 141);
  assert.is(stderr, "");
  await run.gone();
});

/** No like is given after the parent has said that none comes any more. */
function expectNothingAfter(run: Orchestration, ...names: readonly string[]): void {
  const said = run.log().find(({ text }) => text.startsWith("no LikesServer gives any more"));
  assert.ok(said !== undefined, "it was said");
  for (const name of names) {
    const late = run.log(name).filter(({ atMs, text }) => text.startsWith("#") && atMs > said.atMs);
    assert.equal(late, [], name);
  }
}

test.run();
