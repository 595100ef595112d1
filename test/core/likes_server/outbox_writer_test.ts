import { test } from "uvu";
import * as assert from "uvu/assert";
import { recordDiskBytes } from "../../../src/store/outbox/disk_bytes.ts";
import { GroupCommit } from "../../../src/core/likes_server/group_commit.ts";
import type { Writing } from "../../../src/core/likes_server/group_commit.ts";
import { OutboxView } from "../../../src/core/likes_server/outbox_view.ts";
import { OutboxWriter } from "../../../src/core/likes_server/outbox_writer.ts";
import { origin } from "../../../src/core/protocol/record.ts";
import { recordCodec } from "../../../src/format/record_codec.ts";
import { newOutbox } from "../../../src/store/outbox/outbox_state.ts";
import { FIRST, OUTBOX, SECOND, like } from "../core_fixture.ts";

const START = origin(FIRST);
const POSITIONS = { trimmed: START, acknowledged: START, last: START };
const OWN = { incarnation: FIRST, ...POSITIONS, closed: false, parked: undefined };
const KNOWN = new OutboxView({ ...newOutbox(OUTBOX, "a"), incarnations: [OWN] });
const TRIM = { type: "trim", incarnation: FIRST, upTo: 3 } as const;
const MINT = { type: "mint", incarnation: SECOND } as const;

function typesOf(writing: Writing | undefined): string[] | undefined {
  return writing?.writes.map(({ type }) => type);
}

/** A writer and its queue of likes. */
function make(): { readonly adds: GroupCommit; readonly writer: OutboxWriter } {
  const adds = new GroupCommit({ codec: recordCodec, recordDiskBytes });
  return { adds, writer: new OutboxWriter(adds) };
}

function add(adds: GroupCommit, requestId = 1, room = 1_000): string | undefined {
  return adds.add({ requestId, event: like(1), mark: undefined }, room)?.code;
}

test("next() begins one write at a time, changes of state before likes", () => {
  const { adds, writer } = make();
  assert.is(writer.next(KNOWN, 0), undefined);
  add(adds);
  writer.change(TRIM);
  assert.equal(typesOf(writer.next(KNOWN, 0)), ["trim"]);
  assert.is(writer.next(KNOWN, 0), undefined);
  assert.ok(writer.has("trim") && writer.isAppending && !writer.isIdle);
  assert.equal(typesOf(writer.end()), ["trim"]);
  assert.equal(typesOf(writer.next(KNOWN, 0)), ["append"]);
  writer.end();
  assert.ok(writer.isIdle && !writer.isAppending);
});

test("next() delays likes behind a mint, and retry() returns those that wait", () => {
  const { adds, writer } = make();
  writer.change(MINT);
  add(adds, 7);
  const writing = writer.next(KNOWN, 0);
  assert.is(writer.mintFailure, undefined, "it may still be written");
  writer.end();
  const refused = writer.retry(writing?.writes ?? [], "store_busy", 0);
  assert.equal(
    refused.map(({ requestId }) => requestId),
    [7],
  );
  assert.is(writer.mintFailure, "store_busy");
  assert.is(writer.isAppending, false);
  add(adds);
  assert.is(writer.next(KNOWN, 499), undefined);
  assert.equal(typesOf(writer.next(KNOWN, 500)), ["mint"]);
  assert.is(writer.mintFailure, "store_busy", "during the retry");
  writer.end();
  assert.is(writer.mintFailure, undefined);
  assert.equal(typesOf(writer.next(KNOWN, 500)), ["append"]);
});

test("retry() puts refused changes first, and likes continue meanwhile", () => {
  const { adds, writer } = make();
  writer.change({ type: "close", incarnation: FIRST });
  assert.equal(writer.retry([TRIM], "disk_full", 100), []);
  add(adds);
  assert.equal(typesOf(writer.next(KNOWN, 100)), ["append"]);
  writer.end();
  assert.equal(typesOf(writer.next(KNOWN, 600)), ["trim", "close"]);
});

test("cancelAcknowledgements() takes back what removes events when it is not under way", () => {
  const { writer } = make();
  const close = { type: "close", incarnation: FIRST } as const;
  writer.change(TRIM, close, { type: "evict", bytesMax: 0, closedMax: 0 });
  writer.cancelAcknowledgements();
  const writing = writer.next(KNOWN, 0);
  assert.equal(writing?.writes, [close]);
});

test("cancelAcknowledgements() tries nothing of it again when what is under way is refused", () => {
  const { writer } = make();
  writer.change(TRIM, MINT);
  const writing = writer.next(KNOWN, 0);
  writer.cancelAcknowledgements();
  assert.ok(writer.has("trim"), "it is under way");
  writer.end();
  writer.retry(writing?.writes ?? [], "disk_full", 0);
  assert.equal(typesOf(writer.next(KNOWN, 500)), ["mint"]);
});

test("end() frees the room of likes that the outbox now counts", () => {
  const { adds, writer } = make();
  const room = recordDiskBytes(recordCodec.encode(like(1)).length);
  assert.is(add(adds, 1, room), undefined);
  writer.next(KNOWN, 0);
  assert.is(add(adds, 2, room), "outbox_full");
  writer.end();
  assert.is(add(adds, 3, room), undefined);
});

test.run();
