import { test } from "uvu";
import * as assert from "uvu/assert";
import { runLine, silenceLine, stoppedText } from "../../src/demo/run_lines.ts";
import { tally } from "./observation_fixture.ts";
import { processes, runStatus } from "./run_fixture.ts";

test("runLine() is the status, and the processes that are away", () => {
  const status =
    "6,231 likes CONVERGED everywhere, as of 0.3 s ago, 3 of 3 streaming, 0 events pending";
  assert.is(runLine(runStatus(), processes()), status);
  const changed = processes({
    primary: { state: "starting", restarts: 2 },
    "likes-server-1": { state: "away", pid: undefined, restarts: 1 },
    "likes-server-2": { state: "away", pid: undefined },
  });
  assert.is(
    runLine(runStatus(), changed),
    `${status}; away: primary (restarted 2 times), likes-server-1 (restarted once), likes-server-2`,
  );
});

test("silenceLine() claims nothing, on one line", () => {
  const silence = { status: runStatus(), silentMs: 2_000, reason: "Cannot reach it: gone" };
  assert.is(
    silenceLine(silence),
    "6,231 likes UNKNOWN, as of 2.3 s ago; no answer from the primary for 2 s; trying again; " +
      "Cannot reach it: gone",
  );
});

test("stoppedText() counts the pending events", () => {
  const idle = tally("likes-server-0", 3, 9n);
  const busy = { ...idle, pendingEvents: 2 };
  assert.is(
    stoppedText([], [idle]),
    "all LikesServers have stopped adding likes; no events are pending",
  );
  assert.is(
    stoppedText([], [idle, busy]),
    "all LikesServers have stopped adding likes; delivering 2 pending events",
  );
});

test("stoppedText() names the LikesServers that may still add likes", () => {
  assert.is(
    stoppedText(["likes-server-0", "likes-server-1"], []),
    "likes-server-0, likes-server-1 did not confirm the stop: more likes may follow; " +
      "no events are pending",
  );
});

test.run();
