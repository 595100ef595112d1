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
import { acceptedLikes } from "../../src/core/protocol/like_event.ts";

/** Long enough that no second tick is due during a test. */
const LONG_MS = 60_000;

interface Added {
  readonly likes: bigint;
  readonly mark: GeneratorMark | undefined;
}

test("start() adds the newest due tick, and skips earlier ones", () => {
  const role = fakeRole();
  const generating = generatingEvery(LONG_MS, role);
  const startMs = monotonicMs() - 3 * LONG_MS - 1_000;
  generating.start(startMs);
  assert.equal(role.added, [{ likes: likesOf(0), mark: { startMs, tick: 3, events: 1 } }]);
  generating.start(startMs - LONG_MS);
  assert.is(role.added.length, 1, "a second start changes nothing");
  void generating.finish();
});

test("start() does not repeat a tick that the outbox has", () => {
  const startMs = monotonicMs() - 3 * LONG_MS - 1_000;
  for (const [tick, expected] of [
    [3, 0],
    [2, 1],
  ] as const) {
    const role = fakeRole(7);
    const generating = generatingEvery(LONG_MS, role, { startMs, tick, events: 5 });
    generating.start(startMs);
    assert.is(role.added.length, expected);
    if (expected === 1) {
      const mark = { startMs, tick: 3, events: 6 };
      assert.equal(role.added, [{ likes: likesOf(7), mark }]);
    }
    void generating.finish();
  }
});

test("start() counts ticks from the start of a new run when the mark is from another run", () => {
  const role = fakeRole();
  const startMs = monotonicMs() - LONG_MS - 1_000;
  const generating = generatingEvery(LONG_MS, role, { startMs: 1, tick: 900, events: 5 });
  generating.start(startMs);
  assert.equal(role.added[0]?.mark, { startMs, tick: 1, events: 6 });
  void generating.finish();
});

test("start() adds nothing when the run is over", () => {
  const role = fakeRole();
  const generating = generatingEvery(LONG_MS, role);
  generating.start(monotonicMs() - 10 * LONG_MS, 2 * LONG_MS);
  assert.equal(role.added, []);
  void generating.finish();
});

test("Generating retries a rejected tick with the same number of likes", async () => {
  const role = fakeRole();
  role.rejections = 2;
  const generating = generatingEvery(LONG_MS, role);
  const startMs = monotonicMs() - LONG_MS - 1_000;
  generating.start(startMs);
  await becomes("the third attempt", () => role.added.length === 3);
  for (const added of role.added) {
    assert.equal(added, { likes: likesOf(0), mark: { startMs, tick: 1, events: 1 } });
  }
  assert.ok((await generating.finish()) !== undefined);
});

test("finish() adds the due tick, waits for it, and adds nothing after it", async () => {
  const role = fakeRole();
  const generating = generatingEvery(10, role);
  generating.start(monotonicMs());
  await becomes("five ticks", () => role.added.length >= 5);
  const lastMs = await generating.finish();
  const { length } = role.added;
  assert.ok(lastMs !== undefined && lastMs <= monotonicMs());
  const ticks = role.added.map(({ mark }) => mark?.tick ?? 0);
  assert.equal(
    ticks,
    [...new Set(ticks)].toSorted((a, b) => a - b),
    "each tick once, in order",
  );
  await becomes("five intervals", () => monotonicMs() > lastMs + 50);
  assert.is(role.added.length, length);
});

test("finish() adds the newest due tick, however late", async () => {
  const role = fakeRole();
  const generating = generatingEvery(LONG_MS, role);
  const startMs = monotonicMs() - 10 * LONG_MS;
  generating.start(startMs, 3 * LONG_MS);
  assert.equal(role.added, [], "a tick that is late by an interval is skipped");
  assert.ok((await generating.finish(2 * LONG_MS + 1)) !== undefined);
  assert.equal(role.added, [{ likes: likesOf(0), mark: { startMs, tick: 2, events: 1 } }]);
});

test("finish() adds nothing when called again after another interval", async () => {
  const role = fakeRole();
  const generating = generatingEvery(20, role);
  generating.start(monotonicMs());
  await becomes("a tick", () => role.added.length > 0);
  const lastMs = await generating.finish();
  const { length } = role.added;
  await becomes("two intervals", () => monotonicMs() > (lastMs ?? 0) + 40);
  assert.is(await generating.finish(), lastMs);
  assert.is(role.added.length, length);
});

test("finish() returns the time of a tick that an earlier process added", async () => {
  const startMs = monotonicMs() - 3 * LONG_MS;
  const role = fakeRole(7);
  const generating = generatingEvery(LONG_MS, role, { startMs, tick: 2, events: 5 });
  generating.start(startMs, 2 * LONG_MS);
  assert.is(await generating.finish(), startMs + 2 * LONG_MS);
  assert.equal(role.added, []);
});

test("finish() returns undefined when nothing was added", async () => {
  assert.is(await generatingEvery(LONG_MS, fakeRole()).finish(), undefined);
});

/** A LikesServer that has accepted `events` events, and records the likes added to it. */
function fakeRole(events = 0) {
  const role = {
    added: [] as Added[],
    rejections: 0,
    mark: undefined as string | undefined,
    acceptedEvents: events,
    personOf: () => testId(1),
    async add(event: LikeEvent, mark: string): Promise<AddResult> {
      role.added.push({ likes: acceptedLikes(event.change), mark: decodeMark(mark) });
      if (role.rejections > 0) {
        role.rejections--;
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
  return { seed: 1, serverId: "a", likesMax: 42, persons: 0, ...interval };
}

function likesOf(eventsAccepted: number): bigint {
  return BigInt(likesAt(planOf(LONG_MS), eventsAccepted));
}

test.run();
