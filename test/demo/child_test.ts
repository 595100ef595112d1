// oxlint-disable-next-line no-restricted-imports -- this child must start without the class Child
import { spawn } from "node:child_process";
import { once } from "node:events";
import { test } from "uvu";
import * as assert from "uvu/assert";
import { LikesError } from "../../src/errors.ts";
import { becomes, within } from "../fixtures/eventually.ts";
import { isAlive } from "../runner/process_group.ts";
import { PROGRAM, TestChild } from "./test_child.ts";

const START = { type: "start", startMs: 17, durationMs: 1 } as const;
const FINISH = { type: "finish", durationMs: 1 } as const;

test("start() waits until the child listens, and stop() until it has ended", async () => {
  await using child = new TestChild("obedient");
  assert.is(child.view.address, "");
  await child.start("listening");
  const { address, pid, state, restarts } = child.view;
  assert.equal([address, state, restarts], ["127.0.0.1:4242", "listening", 0]);
  assert.is(pid, child.pids[0]);
  await child.stop();
  assert.not.ok(child.pids.some(isAlive));
  assert.equal(child.lines.slice(1), [
    "someone listens on 127.0.0.1:4242",
    "someone ended: SIGTERM",
  ]);
  assert.equal(child.announced, []);
});

test("start() throws the last line of stderr when the child exits before it is ready", async () => {
  await using child = new TestChild("failing");
  const error = await child.start("listening").catch((reason: unknown) => reason);
  assert.instance(error, LikesError);
  const { code, message } = error as LikesError;
  assert.is(code, "child_failed");
  assert.is(message, "Cannot start someone: Cannot do this: it is a test");
  assert.equal(child.announced, [], "it is not restarted");
});

test("start() throws when the child is killed before it is ready", async () => {
  await using child = new TestChild("obedient");
  const started = child.start("accepting").catch((reason: unknown) => reason);
  child.kill();
  assert.match(String(await started), "Cannot start someone: it was stopped");
});

test("start() disables the child's debugger where Node has a flag for it", async () => {
  if (!process.allowedNodeEnvironmentFlags.has("--disable-sigusr1")) {
    return console.log("skipped: this Node has no flag that disables SIGUSR1");
  }
  await using child = new TestChild("obedient", [START, FINISH]);
  await child.start("listening");
  process.kill(child.pids[0] ?? 0, "SIGUSR1");
  await child.finished();
  assert.not.match(child.lines.join("\n"), "Debugger");
});

test("Child restarts on its port after a kill, and repeats its orders", async () => {
  await using child = new TestChild("half-deaf", [START, FINISH]);
  await child.start("listening");
  const answer = child.finished();
  process.kill(child.pids[0] ?? 0, "SIGKILL");
  const listening = "someone listens on 127.0.0.1:4242";
  await becomes("the restart", () => {
    return child.lines.filter((line) => line === listening).length === 2;
  });
  assert.is(await within("the answer after the restart", answer), 17);
  assert.equal(child.announced, [
    "someone died (SIGKILL): restarting it in 100 ms",
    `someone is back: pid ${child.pids[1]}, restarted once`,
  ]);
  assert.equal(child.states, ["starting", "listening", "away", "starting", "listening"]);
  assert.equal([child.view.pid, child.view.restarts], [child.pids[1], 1]);
  assert.not.ok(child.isGivenUp);
});

test("Child gives up after five deaths in a row, and leaves no process", async () => {
  await using child = new TestChild("dying");
  await child.start("listening");
  await becomes("giving up", () => child.isGivenUp);
  assert.is(child.pids.length, 5);
  assert.is(
    child.announced.at(-1),
    "someone died (code 3) 5 times in a row: it is not restarted again",
  );
  assert.equal([child.view.state, child.view.pid], ["given up", undefined]);
  assert.is(await child.finished(), undefined, "no answer follows");
  await child.stop();
});

test("finished() returns undefined when the child is killed before it answers", async () => {
  await using child = new TestChild("deaf");
  await child.start("listening");
  const answer = child.finished();
  child.send(FINISH);
  child.kill();
  assert.is(await within("the end of the wait", answer), undefined);
});

test("followParent() ends the child when its parent went away before the call", async () => {
  const child = spawn(process.execPath, [...process.execArgv, PROGRAM, "obedient", "--port", "0"], {
    stdio: ["ignore", "ignore", "ignore", "ipc"],
  });
  const ended = once(child, "exit");
  child.disconnect();
  assert.equal(await within("the orphan's exit", ended), [1, null]);
});

test.run();
