import { test } from "uvu";
import * as assert from "uvu/assert";
import { GroupCommit } from "../../../src/core/likes_server/group_commit.ts";
import type {
  AddRequest,
  RecordFormat,
  Writing,
} from "../../../src/core/likes_server/group_commit.ts";
import type { AppendWrite } from "../../../src/core/likes_server/outbox.ts";
import { recordDiskBytes } from "../../../src/store/outbox/disk_bytes.ts";
import { origin } from "../../../src/core/protocol/record.ts";
import { ADDS_WAITING_MAX, RECORD_BYTES_MAX, RECORD_EVENTS_MAX } from "../../../src/limits.ts";
import { recordCodec } from "../../../src/format/record_codec.ts";
import { FIRST, like, recordAfter } from "../core_fixture.ts";

const ROOM = 1e9;

const FORMAT: RecordFormat = { codec: recordCodec, recordDiskBytes };

function add(requestId: number, event = like(1), mark?: string): AddRequest {
  return { requestId, event, mark };
}

/** The append of a write. */
function appendOf({ writes }: Writing): AppendWrite {
  const [append] = writes;
  assert.is(writes.length, 1);
  if (append?.type !== "append") throw new Error("not an append");
  return append;
}

test("take() makes one record of all requests that fit", () => {
  const queue = new GroupCommit(FORMAT);
  const events = [like(1), like(0, "é"), like(42)];
  for (const [index, event] of events.entries()) {
    assert.is(
      queue.add(add(index, event, index < 2 ? `mark ${index}` : undefined), ROOM),
      undefined,
    );
  }
  const before = { sequence: 5, digest: FIRST, likes: 10n };
  const writing = queue.take(FIRST, before);
  const { record, last, mark } = appendOf(writing);
  const expected = recordAfter(before, events);
  assert.equal(Buffer.from(record.bytes), expected.record.bytes);
  assert.equal(record.events, { first: 6, last: 8 });
  assert.equal(last, expected.last);
  assert.equal(
    writing.requests.map(({ requestId }) => requestId),
    [0, 1, 2],
  );
  assert.is(mark, "mark 1", "the newest");
  assert.ok(queue.isEmpty);
});

test("take() limits the events of a record", () => {
  const queue = new GroupCommit(FORMAT);
  for (let index = 0; index <= RECORD_EVENTS_MAX; index++) queue.add(add(index), ROOM);
  assert.is(queue.take(FIRST, origin(FIRST)).requests.length, RECORD_EVENTS_MAX);
  queue.end();
  assert.is(queue.take(FIRST, origin(FIRST)).requests.length, 1);
});

test("take() limits the bytes of a record", () => {
  // No valid event is so large; this tests the bound alone.
  const large = { ...recordCodec, encode: () => new Uint8Array(RECORD_BYTES_MAX / 3) };
  const queue = new GroupCommit({ ...FORMAT, codec: large });
  for (let index = 0; index < 4; index++) queue.add(add(index), ROOM);
  assert.is(queue.take(FIRST, origin(FIRST)).requests.length, 3);
});

test("takeAll() frees the room of the requests that it takes", () => {
  const queue = new GroupCommit(FORMAT);
  const room = recordDiskBytes(recordCodec.encode(like(1)).length);
  queue.add(add(1), room);
  assert.equal(
    queue.takeAll().map(({ requestId }) => requestId),
    [1],
  );
  assert.ok(queue.isEmpty);
  assert.is(queue.add(add(2), room), undefined);
});

test("add() returns outbox_full when the queued events would not fit once stored", () => {
  const queue = new GroupCommit(FORMAT);
  const room = recordDiskBytes(recordCodec.encode(like(1)).length * 2);
  assert.is(queue.add(add(1), room), undefined);
  assert.is(queue.add(add(2), room), undefined);
  assert.is(queue.add(add(3), room)?.code, "outbox_full");
  queue.take(FIRST, origin(FIRST));
  assert.is(queue.add(add(4), room)?.code, "outbox_full", "a pending write takes room");
  queue.end();
  assert.is(queue.add(add(5), room), undefined, "the outbox counts what was written");
});

test("add() leaves room for every record that take() makes", () => {
  const size = recordCodec.encode(like(1)).length;
  const full = recordDiskBytes(RECORD_EVENTS_MAX * size);
  const room = 2 * full + recordDiskBytes(3 * size);
  const queue = new GroupCommit(FORMAT);
  let added = 0;
  while (queue.add(add(added), room) === undefined) added++;
  let left = room;
  let taken = 0;
  while (!queue.isEmpty) {
    const writing = queue.take(FIRST, origin(FIRST));
    queue.end();
    left -= recordDiskBytes(appendOf(writing).record.bytes.length);
    taken += writing.requests.length;
  }
  assert.is(taken, added);
  assert.is(added, 2 * RECORD_EVENTS_MAX + 3);
  assert.is(left, 0);
});

test("add() returns too_many when ADDS_WAITING_MAX requests wait", () => {
  const queue = new GroupCommit(FORMAT);
  for (let index = 0; index < ADDS_WAITING_MAX; index++) queue.add(add(index), ROOM);
  assert.is(queue.add(add(0), ROOM)?.code, "too_many");
});

test.run();
