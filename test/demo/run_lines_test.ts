import { test } from "uvu";
import * as assert from "uvu/assert";
import { runLine, silenceLine, stoppedText } from "../../src/demo/run_lines.ts";
import { tally } from "./observation_fixture.ts";
import { processes, runStatus } from "./run_fixture.ts";

test("runLine() is the status, and who is away", () => {
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

test("stoppedText() says what is still to be delivered", () => {
  const idle = tally("likes-server-0", 3, 9n);
  const busy = { ...idle, pendingEvents: 2 };
  assert.is(stoppedText([], [idle]), "no LikesServer gives any more; nothing is pending");
  assert.is(
    stoppedText([], [idle, busy]),
    "no LikesServer gives any more; delivering what is pending: 2 events",
  );
});

test("stoppedText() names who may still give", () => {
  assert.is(
    stoppedText(["likes-server-0", "likes-server-1"], []),
    "likes-server-0, likes-server-1 did not say so: another like may come; nothing is pending",
  );
});

test.run();
