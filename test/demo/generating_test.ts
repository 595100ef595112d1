import { test } from "uvu";
import * as assert from "uvu/assert";
import type { AddResult } from "../../src/core/likes_server/likes_server.ts";
import type { LikeEvent } from "../../src/core/protocol/like_event.ts";
import { likesAt } from "../../src/demo/generator.ts";
import { decodeMark, encodeMark } from "../../src/demo/generator_mark.ts";
import type { GeneratorMark } from "../../src/demo/generator_mark.ts";
import { Generating } from "../../src/demo/generating.ts";
import { monotonicMs } from "../../src/monotonic.ts";
import { becomes } from "../fixtures/eventually.ts";
import { testId } from "../store/faults.ts";

/** So long that no second tick falls while a test runs. */
const LONG_MS = 60_000;

interface Given {
  readonly likes: bigint;
  readonly mark: GeneratorMark | undefined;
}

test("start() gives what has fallen last, and skips the ticks that were missed", () => {
  const role = fakeRole();
  const generating = generatingEvery(LONG_MS, role);
  const startMs = monotonicMs() - 3 * LONG_MS - 1_000;
  generating.start(startMs);
  assert.equal(role.given, [{ likes: likesOf(0), mark: { startMs, tick: 3, events: 1 } }]);
  generating.start(startMs - LONG_MS);
  assert.is(role.given.length, 1, "a second start changes nothing");
  void generating.finish();
});

test("start() does not give a tick again when the outbox has it", () => {
  const startMs = monotonicMs() - 3 * LONG_MS - 1_000;
  for (const [tick, expected] of [
    [3, 0],
    [2, 1],
  ] as const) {
    const role = fakeRole(7);
    const generating = generatingEvery(LONG_MS, role, { startMs, tick, events: 5 });
    generating.start(startMs);
    assert.is(role.given.length, expected);
    if (expected === 1) {
      const mark = { startMs, tick: 3, events: 6 };
      assert.equal(role.given, [{ likes: likesOf(7), mark }]);
    }
    void generating.finish();
  }
});

test("start() counts ticks from the start of a new run when the mark is of another", () => {
  const role = fakeRole();
  const startMs = monotonicMs() - LONG_MS - 1_000;
  const generating = generatingEvery(LONG_MS, role, { startMs: 1, tick: 900, events: 5 });
  generating.start(startMs);
  assert.equal(role.given[0]?.mark, { startMs, tick: 1, events: 6 });
  void generating.finish();
});

test("start() gives nothing when the run is over", () => {
  const role = fakeRole();
  const generating = generatingEvery(LONG_MS, role);
  generating.start(monotonicMs() - 10 * LONG_MS, 2 * LONG_MS);
  assert.equal(role.given, []);
  void generating.finish();
});

test("Generating gives a tick again, with the same number, when it was refused", async () => {
  const role = fakeRole();
  role.refusals = 2;
  const generating = generatingEvery(LONG_MS, role);
  const startMs = monotonicMs() - LONG_MS - 1_000;
  generating.start(startMs);
  await becomes("the third attempt", () => role.given.length === 3);
  for (const given of role.given) {
    assert.equal(given, { likes: likesOf(0), mark: { startMs, tick: 1, events: 1 } });
  }
  assert.ok((await generating.finish()) !== undefined);
});

test("finish() gives what is due, waits for it, and nothing comes after it", async () => {
  const role = fakeRole();
  const generating = generatingEvery(10, role);
  generating.start(monotonicMs());
  await becomes("five ticks", () => role.given.length >= 5);
  const lastMs = await generating.finish();
  const { length } = role.given;
  assert.ok(lastMs !== undefined && lastMs <= monotonicMs());
  const ticks = role.given.map(({ mark }) => mark?.tick ?? 0);
  assert.equal(
    ticks,
    [...new Set(ticks)].toSorted((a, b) => a - b),
    "each tick once, in order",
  );
  await becomes("five intervals", () => monotonicMs() > lastMs + 50);
  assert.is(role.given.length, length);
});

test("finish() gives the newest tick that is due, however late it is", async () => {
  const role = fakeRole();
  const generating = generatingEvery(LONG_MS, role);
  const startMs = monotonicMs() - 10 * LONG_MS;
  generating.start(startMs, 3 * LONG_MS);
  assert.equal(role.given, [], "a tick that is late by an interval is skipped");
  assert.ok((await generating.finish(2 * LONG_MS + 1)) !== undefined);
  assert.equal(role.given, [{ likes: likesOf(0), mark: { startMs, tick: 2, events: 1 } }]);
});

test("finish() gives nothing more when it is called again after another interval", async () => {
  const role = fakeRole();
  const generating = generatingEvery(20, role);
  generating.start(monotonicMs());
  await becomes("a tick", () => role.given.length > 0);
  const lastMs = await generating.finish();
  const { length } = role.given;
  await becomes("two intervals", () => monotonicMs() > (lastMs ?? 0) + 40);
  assert.is(await generating.finish(), lastMs);
  assert.is(role.given.length, length);
});

test("finish() gives the time of a tick when an earlier process gave it", async () => {
  const startMs = monotonicMs() - 3 * LONG_MS;
  const role = fakeRole(7);
  const generating = generatingEvery(LONG_MS, role, { startMs, tick: 2, events: 5 });
  generating.start(startMs, 2 * LONG_MS);
  assert.is(await generating.finish(), startMs + 2 * LONG_MS);
  assert.equal(role.given, []);
});

test("finish() gives no time when nothing was given", async () => {
  assert.is(await generatingEvery(LONG_MS, fakeRole()).finish(), undefined);
});

/** A role that has accepted `events` and keeps what it is given. */
function fakeRole(events = 0) {
  const role = {
    given: [] as Given[],
    refusals: 0,
    mark: undefined as string | undefined,
    acceptedEvents: events,
    async add(event: LikeEvent, mark: string): Promise<AddResult> {
      role.given.push({ likes: event.change.likes, mark: decodeMark(mark) });
      if (role.refusals > 0) {
        role.refusals--;
        const refusal = { code: "not_accepting", message: "Cannot" } as const;
        return { type: "refused", refusal };
      }
      role.acceptedEvents++;
      return { type: "accepted", incarnation: testId(1), sequence: role.acceptedEvents };
    },
  };
  return role;
}

function generatingEvery(
  intervalMs: number,
  role: ReturnType<typeof fakeRole>,
  mark?: GeneratorMark,
): Generating {
  role.mark = mark && encodeMark(mark);
  return new Generating({ plan: planOf(intervalMs), itemId: "video" }, role);
}

function planOf(intervalMs: number) {
  const interval = { intervalMinMs: intervalMs, intervalMaxMs: intervalMs };
  return { seed: 1, serverId: "a", likesMax: 42, ...interval };
}

function likesOf(eventsAccepted: number): bigint {
  return BigInt(likesAt(planOf(LONG_MS), eventsAccepted));
}

test.run();
