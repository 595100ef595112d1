/** How long a parent waits for a child, on mocked timers. */
import { mock } from "node:test";
import { test } from "uvu";
import * as assert from "uvu/assert";
import { LikesError } from "../../src/errors.ts";
import { CHILD_STOP_WAIT_MAX_MS, READY_WAIT_MAX_MS } from "../../src/limits.ts";
import { within } from "../fixtures/eventually.ts";
import { isAlive } from "../runner/process_group.ts";
import { TestChild } from "./test_child.ts";

test("start() throws when the child is not ready in time, and leaves it to be killed", async () => {
  await using child = new TestChild("mute");
  mock.timers.enable({ apis: ["setTimeout"] });
  const started = child.start("listening");
  mock.timers.tick(READY_WAIT_MAX_MS - 1);
  const early = await Promise.race([started, Promise.resolve("waits")]);
  mock.timers.tick(1);
  mock.timers.reset();
  assert.is(early, "waits");
  const error = await started.catch((reason: unknown) => reason);
  assert.ok(error instanceof LikesError && error.code === "child_failed");
  assert.match(error.message, `not ready within ${READY_WAIT_MAX_MS / 1_000} s`);
});

test("stop() kills a child that ignores SIGTERM", async () => {
  await using child = new TestChild("stubborn");
  await child.start("listening");
  mock.timers.enable({ apis: ["setTimeout"] });
  const stopped = child.stop();
  mock.timers.tick(CHILD_STOP_WAIT_MAX_MS - 1);
  assert.ok(child.pids.some(isAlive));
  mock.timers.tick(1);
  mock.timers.reset();
  await within("its exit", stopped);
  assert.not(child.pids.some(isAlive));
  assert.match(child.lines.at(-1) ?? "", "SIGKILL");
});

test.run();
