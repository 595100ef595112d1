// oxlint-disable-next-line no-restricted-imports -- it is about a child without the class that starts children
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
  assert.equal(child.told, []);
});

test("start() throws what the child said last when it ends before it is ready", async () => {
  await using child = new TestChild("failing");
  const error = await child.start("listening").catch((reason: unknown) => reason);
  assert.instance(error, LikesError);
  const { code, message } = error as LikesError;
  assert.is(code, "child_failed");
  assert.is(message, "Cannot start someone: Cannot do this: it is a test");
  assert.equal(child.told, [], "it is not started again");
});

test("start() throws when the child is ended before it is ready", async () => {
  await using child = new TestChild("obedient");
  const started = child.start("accepting").catch((reason: unknown) => reason);
  child.kill();
  assert.match(String(await started), "Cannot start someone: it was stopped");
});

test("start() gives a child no debugger where Node can do without from the first moment", async () => {
  if (!process.allowedNodeEnvironmentFlags.has("--disable-sigusr1")) {
    return console.log("skipped: this Node can close its debugger to SIGUSR1 only once it runs");
  }
  await using child = new TestChild("obedient", [START, FINISH]);
  await child.start("listening");
  process.kill(child.pids[0] ?? 0, "SIGUSR1");
  await child.finished();
  assert.not.match(child.lines.join("\n"), "Debugger");
});

test("Child starts again on its port when it is killed, and gets its handshake again", async () => {
  await using child = new TestChild("half-deaf", [START, FINISH]);
  await child.start("listening");
  const answer = child.finished();
  process.kill(child.pids[0] ?? 0, "SIGKILL");
  const listening = "someone listens on 127.0.0.1:4242";
  await becomes("the second life", () => {
    return child.lines.filter((line) => line === listening).length === 2;
  });
  assert.is(await within("the answer of the second life", answer), 17);
  assert.equal(child.told, [
    "someone died (SIGKILL): starting it again in 100 ms",
    `someone is back: pid ${child.pids[1]}, restarted once`,
  ]);
  assert.equal(child.states, ["starting", "listening", "away", "starting", "listening"]);
  assert.equal([child.view.pid, child.view.restarts], [child.pids[1], 1]);
  assert.not.ok(child.isGivenUp);
});

test("Child is given up when it dies again and again, and nothing of it is left", async () => {
  await using child = new TestChild("dying");
  await child.start("listening");
  await becomes("the end of the patience", () => child.isGivenUp);
  assert.is(child.pids.length, 5);
  assert.is(child.told.at(-1), "someone died (code 3) 5 times in a row: it is given up");
  assert.equal([child.view.state, child.view.pid], ["given up", undefined]);
  assert.is(await child.finished(), undefined, "it gives nothing more");
  await child.stop();
});

test("finished() gives nothing when the child is killed before it has answered", async () => {
  await using child = new TestChild("deaf");
  await child.start("listening");
  const answer = child.finished();
  child.send(FINISH);
  child.kill();
  assert.is(await within("the end of the wait", answer), undefined);
});

test("obeyParent() ends the child when its parent has gone before it looked", async () => {
  const child = spawn(process.execPath, [...process.execArgv, PROGRAM, "obedient", "--port", "0"], {
    stdio: ["ignore", "ignore", "ignore", "ipc"],
  });
  const ended = once(child, "exit");
  child.disconnect();
  assert.equal(await within("the end of an orphan", ended), [1, null]);
});

test.run();
