import { test } from "uvu";
import * as assert from "uvu/assert";
import { preciseMs } from "../../bench/clock.ts";
import { momentsBySequence, noMoments, recordingLog, recordingStore } from "../../bench/taps.ts";
import type { PrimaryMoments } from "../../bench/taps.ts";
import type { OutboxWrite } from "../../src/core/likes_server/outbox.ts";
import { origin } from "../../src/core/protocol/record.ts";
import { PrimaryLog } from "../../src/roles/primary_log.ts";
import { MemoryOutbox, OutboxDisk } from "../../src/store/outbox/memory_outbox.ts";
import { testId } from "../store/faults.ts";

const LIKE = { itemId: "video", change: { kind: "add", likes: 3n } } as const;
const INCARNATION = testId(1);

function moments(first: number[], last: number[]): ReturnType<typeof noMoments> {
  return { first, last, atMs: first.map((_, index) => index + 1) };
}

test("momentsBySequence() assigns each sequence the time of its range", () => {
  assert.equal([...momentsBySequence("applied", moments([1, 3], [2, 3]), 3)], [1, 1, 2]);
});

test("momentsBySequence() throws when a sequence is missing, repeated or unexpected", () => {
  const of = (first: number[], last: number[]) => () => {
    momentsBySequence("applied", moments(first, last), 3);
  };
  assert.throws(of([1], [2]), /#3 was never applied/);
  assert.throws(of([1, 2], [2, 3]), /#2 was applied twice/);
  assert.throws(of([1], [4]), /#4 was applied, beyond /);
  assert.throws(of([], []), /#1 was never applied/);
});

test("recordingLog() records when a primary logs applied events", () => {
  const lines: string[] = [];
  const noted: PrimaryMoments = { applied: noMoments(), connectedMs: [] };
  const log = new PrimaryLog(recordingLog({ line: (text) => lines.push(text) }, noted));
  const state = "open" as const;
  const row = { incarnation: INCARNATION, outboxId: INCARNATION, state, digest: INCARNATION };
  const apply = (first: number, count: number): void => {
    const events = { first, last: first + count - 1 };
    const incarnation = { ...row, appliedSequence: events.last };
    const outcomes = Array.from({ length: count }, () => ({
      itemId: LIKE.itemId,
      gained: 3n,
      outcome: "counted" as const,
    }));
    const where = { incarnation, serverId: "likes-server-0", totalBefore: 5n };
    log.notice({ type: "applied", applied: { ...where, events, outcomes } }, 0);
  };
  const beforeMs = preciseMs();
  apply(1, 1);
  apply(2, 3);
  apply(5, 500);
  log.notice({ type: "convergence", convergence: "converged", totalLikes: 8n }, 0);
  assert.is(lines.length, 6, "every line goes on to the log");
  const atMs = momentsBySequence("applied", noted.applied, 504);
  assert.ok(atMs.every((at) => at >= beforeMs && at <= preciseMs()));
});

test("recordingStore() records appends that are done, not those that fail", async () => {
  const disk = new OutboxDisk(INCARNATION, "likes-server-0");
  const store = new MemoryOutbox(disk);
  const synced = noMoments();
  const tapped = recordingStore(store, synced);
  await tapped.write([{ type: "mint", incarnation: INCARNATION }]);
  assert.equal(synced, noMoments());
  const record = { events: { first: 1, last: 4 }, bytes: new Uint8Array(8) };
  const last = { ...origin(INCARNATION), sequence: 4, likes: 12n };
  const appended = { incarnation: INCARNATION, record, last, mark: undefined };
  const append: OutboxWrite = { type: "append", ...appended };
  disk.failNext("disk_full");
  assert.is(await tapped.write([append]), "disk_full");
  assert.equal(synced, noMoments());
  assert.is(await tapped.write([append]), "done");
  assert.equal({ ...synced, atMs: [] }, { first: [1], last: [4], atMs: [] });
  assert.is(tapped.state, store.state);
});

test.run();
