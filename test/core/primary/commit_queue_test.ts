import { test } from "uvu";
import * as assert from "uvu/assert";
import { CommitQueue } from "../../../src/core/primary/commit_queue.ts";
import type { LedgerCommand } from "../../../src/core/ledger/ledger_command.ts";
import {
  COMMIT_BYTES_MAX,
  COMMIT_BYTES_MIN,
  COMMIT_COMMANDS_MAX,
  COMMIT_TARGET_MS,
  QUEUED_BYTES_MAX,
  STREAM_BATCHES_QUEUED_MAX,
} from "../../../src/limits.ts";
import { FIRST, OUTBOX, batch } from "../core_fixture.ts";

/** A batch of `bytes` bytes on stream `streamId`. */
function sized(bytes: number, streamId = 1): LedgerCommand {
  const record = { events: { first: 1, last: 1 }, bytes: new Uint8Array(bytes) };
  const large = { ...batch(FIRST, [1]), records: [record] };
  return { type: "batch", streamId, outboxId: OUTBOX, batch: large };
}

test("take() stops before the bytes of a commit are exceeded", () => {
  const queue = new CommitQueue();
  for (let count = 0; count < 3; count++) queue.push(sized(COMMIT_BYTES_MIN / 2));
  assert.is(queue.take().length, 2);
  assert.is(queue.bytes, COMMIT_BYTES_MIN / 2);
  assert.is(queue.take().length, 1);
  assert.is(queue.bytes, 0);
  assert.equal(queue.take(), []);
});

test("take() returns one command when it alone is larger than a commit", () => {
  const queue = new CommitQueue();
  queue.push(sized(COMMIT_BYTES_MAX + 1));
  queue.push(sized(1));
  assert.is(queue.take().length, 1);
});

test("take() stops at the number of commands of a commit", () => {
  const queue = new CommitQueue();
  const advance: LedgerCommand = { type: "advance", asOfMs: 1 };
  for (let count = 0; count <= COMMIT_COMMANDS_MAX; count++) queue.push(advance);
  assert.is(queue.take().length, COMMIT_COMMANDS_MAX);
  assert.is(queue.take().length, 1);
});

test("ended() lets commits grow while they are fast, and shrink while they are slow", () => {
  const queue = new CommitQueue();
  /** Returns the bytes of full commits, each of which takes `tookMs`. */
  const commits = (count: number, tookMs: number): readonly number[] => {
    return Array.from({ length: count }, () => {
      while (queue.bytes < 2 * COMMIT_BYTES_MAX) queue.push(sized(COMMIT_BYTES_MIN / 2));
      const before = queue.bytes;
      queue.take();
      queue.ended(tookMs);
      return before - queue.bytes;
    });
  };
  const growing = commits(8, COMMIT_TARGET_MS / 3);
  assert.equal(
    growing.slice(0, 2),
    [1, 2].map((times) => times * COMMIT_BYTES_MIN),
  );
  assert.is(growing.at(-1), COMMIT_BYTES_MAX);
  assert.equal(commits(2, COMMIT_TARGET_MS), [COMMIT_BYTES_MAX, COMMIT_BYTES_MAX], "they stay");
  const shrinking = commits(8, COMMIT_TARGET_MS + 1);
  assert.equal(shrinking.slice(0, 2), [COMMIT_BYTES_MAX, COMMIT_BYTES_MAX / 2]);
  assert.is(shrinking.at(-1), COMMIT_BYTES_MIN);
});

test("ended() does not let commits grow that were not full", () => {
  const queue = new CommitQueue();
  for (let count = 0; count < 20; count++) {
    queue.push(sized(1));
    queue.take();
    queue.ended(0);
  }
  for (let count = 0; count < 4; count++) queue.push(sized(COMMIT_BYTES_MIN / 2));
  assert.is(queue.take().length, 2);
});

test("drop() removes one stream's commands and keeps the rest", () => {
  const queue = new CommitQueue();
  queue.push(sized(10, 1));
  queue.push(sized(20, 2));
  queue.push({ type: "advance", asOfMs: 1 });
  queue.drop(1);
  assert.equal([queue.bytes, queue.batchesOf(1), queue.batchesOf(2)], [20, 0, 1]);
  assert.is(queue.take().length, 2);
});

test("pause() pauses a stream once, and resume() resumes it at half of its batches", () => {
  const queue = new CommitQueue();
  for (let count = 1; count < STREAM_BATCHES_QUEUED_MAX; count++) queue.push(sized(1));
  assert.is(queue.pause(1), false);
  for (let count = 0; count < COMMIT_COMMANDS_MAX; count++) queue.push(sized(1));
  assert.equal([queue.pause(1), queue.pause(1)], [true, false]);
  queue.take();
  assert.equal(queue.resume(), [], "more than half is still queued");
  queue.take();
  assert.equal([queue.resume(), queue.resume()], [[1], []]);
});

test("pause() pauses every sender while all streams together have queued too much", () => {
  const queue = new CommitQueue();
  queue.push(sized(QUEUED_BYTES_MAX, 1));
  queue.push(sized(1, 2));
  assert.is(queue.pause(2), true);
  assert.equal(queue.resume(), []);
  queue.take();
  assert.equal(queue.resume(), [2]);
});

test("drop() forgets that a stream is paused", () => {
  const queue = new CommitQueue();
  queue.push(sized(QUEUED_BYTES_MAX));
  assert.is(queue.pause(1), true);
  queue.drop(1);
  assert.equal(queue.resume(), []);
});

test.run();
