import * as fc from "fast-check";
import protobuf from "protobufjs";
import { test } from "uvu";
import * as assert from "uvu/assert";
import type { LikeEvent } from "../../../src/core/protocol/like_event.ts";
import type { LikeBatch } from "../../../src/core/protocol/messages.ts";
import { origin } from "../../../src/core/protocol/record.ts";
import { LIKES_PER_EVENT_MAX, RECORD_EVENTS_MAX, TOTAL_LIKES_MAX } from "../../../src/limits.ts";
import { recordCodec } from "../../../src/format/record_codec.ts";
import { testId } from "../../store/faults.ts";
import { likesOf } from "../../store/ledger/ledger_fixture.ts";
import {
  FIRST,
  OTHER_OUTBOX,
  batch,
  batchCommand,
  batches,
  like,
  recordAfter,
  reportCommand,
} from "../core_fixture.ts";
import { LedgerHarness, endOf } from "./ledger_harness.ts";

async function admitted(): Promise<LedgerHarness> {
  const ledger = new LedgerHarness();
  await ledger.run(reportCommand());
  return ledger;
}

test("applyBatch() adds to items, member and total together when a batch follows", async () => {
  const ledger = await admitted();
  const [first, second] = batches(FIRST, [[1, 0, 42], [5]]);
  const { results, members, meta } = await ledger.run(batchCommand(first), batchCommand(second));
  assert.equal(results.map(endOf), ["applied", "applied"]);
  const [, applied] = results;
  assert.is(applied?.type === "applied" && applied.applied.totalBefore, 43n);
  assert.equal(ledger.row()?.appliedSequence, 4);
  assert.is(ledger.row()?.digest, second.digest);
  assert.equal([meta.totalLikes, members[0]?.appliedLikes], [48n, 48n]);
  assert.equal([meta.version, meta.totalVersion], [2, 2]);
  assert.equal(await likesOf(ledger.store, "video"), [{ itemId: "video", likes: 48n }]);
});

test("applyBatch() changes nothing and returns a duplicate when a batch comes again", async () => {
  const ledger = await admitted();
  const [first, second] = batches(FIRST, [[1, 2], [3]]);
  await ledger.run(batchCommand(first), batchCommand(second));
  const before = ledger.meta;
  const result = await ledger.result(batchCommand(first));
  assert.is(result.type === "duplicate" && result.incarnation.appliedSequence, 3);
  assert.is(ledger.meta, before);
});

test("applyBatch() recognises a duplicate however many batches followed it", async () => {
  const ledger = await admitted();
  const all = batches(
    FIRST,
    Array.from({ length: 300 }, () => [1]),
  );
  for (const one of all) await ledger.run(batchCommand(one));
  const before = ledger.meta;
  for (const one of all) assert.is((await ledger.result(batchCommand(one))).type, "duplicate");
  assert.is(ledger.meta, before);
  assert.is(ledger.row()?.appliedSequence, 300);
});

test("applyBatch() asks to resynchronise when a batch does not follow", async () => {
  const ledger = await admitted();
  const [first, second, third] = batches(FIRST, [[1, 2], [3], [4]]);
  await ledger.run(batchCommand(first));
  const wrong: Readonly<Record<string, LikeBatch>> = {
    gap: third,
    overlap: batch(FIRST, [1, 2, 3]),
    digest: { ...second, digest: testId(9) },
    bytes: { ...second, records: batches(FIRST, [[1, 2], [9]])[1]?.records ?? [] },
    short: { ...second, events: { first: 3, last: 4 } },
    "first of record": {
      ...second,
      records: second.records.map((one) => ({ ...one, events: { first: 4, last: 3 } })),
    },
  };
  const before = ledger.meta;
  for (const [name, one] of Object.entries(wrong)) {
    assert.is(endOf(await ledger.result(batchCommand(one))), "resynchronise", name);
  }
  assert.is(ledger.meta, before);
  assert.is(endOf(await ledger.result(batchCommand(second))), "applied");
});

test("applyBatch() asks to resynchronise when records do not match their digest", async () => {
  const ledger = await admitted();
  const make = (first: number, bytes: Uint8Array, last = first): LikeBatch => {
    const digest = recordCodec.digest(FIRST, first, bytes);
    const records = [{ events: { first, last }, bytes }];
    return { type: "batch", incarnation: FIRST, events: { first: 1, last }, records, digest };
  };
  const one = recordCodec.encode({ itemId: "video", change: { kind: "add", likes: 1n } });
  for (const wrong of [make(1, new Uint8Array([1, 2, 3])), make(2, one), make(1, one, 2)]) {
    assert.is(endOf(await ledger.result(batchCommand(wrong))), "resynchronise");
  }
  assert.is(ledger.meta.totalLikes, 0n);
});

test("applyBatch() asks to resynchronise when a record skips a sequence", async () => {
  const ledger = await admitted();
  const [first, second] = batches(FIRST, [[1, 2], [3]]);
  const later = second.records.map(({ bytes }) => ({ events: { first: 4, last: 4 }, bytes }));
  const bytes = later[0]?.bytes ?? new Uint8Array();
  // The digest is right: it covers the sequence in the record.
  const digest = recordCodec.digest(first.digest, 4, bytes);
  const records = [...first.records, ...later];
  const events = { first: 1, last: 3 };
  const result = await ledger.result(batchCommand({ ...first, events, records, digest }));
  assert.is(endOf(result), "resynchronise");
  assert.is(ledger.meta.totalLikes, 0n);
});

test("applyBatch() applies nothing when one change has an unknown kind", async () => {
  const ledger = await admitted();
  const known = recordCodec.encode({ itemId: "video", change: { kind: "add", likes: 1n } });
  const later = protobuf.Writer.create().uint32(10).fork().uint32(10).string("video");
  const bytes = Buffer.concat([known, later.uint32(24).uint64(7).ldelim().finish()]);
  const digest = recordCodec.digest(FIRST, 1, bytes);
  const events = { first: 1, last: 2 };
  const records = [{ events, bytes }];
  const result = await ledger.result(
    batchCommand({ type: "batch", incarnation: FIRST, events, records, digest }),
  );
  assert.is(endOf(result), "change_unknown");
  assert.match(result.type === "refused" ? result.refusal.message : "", "#2");
  assert.equal([ledger.meta.totalLikes, ledger.row()?.appliedSequence], [0n, 0]);
});

test("applyBatch() requires a report first, and refuses another outbox's incarnation", async () => {
  const ledger = new LedgerHarness();
  assert.is(endOf(await ledger.result(batchCommand(batch(FIRST, [1])))), "resynchronise");
  await ledger.run(reportCommand(), reportCommand({ incarnation: testId(7) }, OTHER_OUTBOX));
  const foreign = batchCommand(batch(FIRST, [1]), OTHER_OUTBOX);
  assert.is(endOf(await ledger.result(foreign)), "message_invalid");
});

test("applyCommands() skips a stream's later commands when one was refused", async () => {
  const ledger = await admitted();
  const [first, second] = batches(FIRST, [[1], [2]]);
  const other = testId(7);
  const { results } = await ledger.run(
    reportCommand({ incarnation: other }, OTHER_OUTBOX),
    batchCommand(second),
    batchCommand(first),
    batchCommand(batch(other, [4]), OTHER_OUTBOX, 2),
  );
  assert.equal(results.map(endOf), ["reported", "resynchronise", "applied"]);
  assert.is(ledger.meta.totalLikes, 4n);
});

test("applyCommands() commits no version when nothing changes", async () => {
  const ledger = await admitted();
  const before = ledger.meta;
  await ledger.run(reportCommand(), { type: "advance", asOfMs: 0 });
  assert.is(ledger.meta, before);
});

const INCARNATIONS = [testId(1), testId(2), testId(3)];
const OUTBOXES = [testId(0xa1), testId(0xa2), testId(0xa3)];

test("applyCommands() counts exactly the applied events for any order of batches", async () => {
  const likes = fc.array(
    fc.array(fc.integer({ min: 0, max: 42 }), { minLength: 1, maxLength: 4 }),
    {
      minLength: 1,
      maxLength: 5,
    },
  );
  const deliveries = fc.array(fc.tuple(fc.nat(2), fc.nat(4), fc.nat(3)), { maxLength: 60 });
  const property = fc.asyncProperty(
    fc.tuple(likes, likes, likes),
    deliveries,
    async (all, order) => {
      const ledger = new LedgerHarness();
      const sent = INCARNATIONS.map((one, index) => batches(one, all[index] ?? []));
      for (const [index, incarnation] of INCARNATIONS.entries()) {
        await ledger.run(reportCommand({ incarnation }, OUTBOXES[index]));
      }
      const commands = order.flatMap(([index, at, streamId]) => {
        const one = sent[index]?.[at];
        return one === undefined ? [] : [batchCommand(one, OUTBOXES[index], streamId)];
      });
      while (commands.length > 0) await ledger.run(...commands.splice(0, 7));
      let expected = 0n;
      for (const [index, incarnation] of INCARNATIONS.entries()) {
        const applied = ledger.row(incarnation)?.appliedSequence ?? 0;
        const prefix = (all[index] ?? []).flat().slice(0, applied);
        const sum = prefix.reduce((total, one) => total + BigInt(one), 0n);
        assert.is(ledger.member(OUTBOXES[index])?.appliedLikes, sum);
        expected += sum;
      }
      assert.is(ledger.meta.totalLikes, expected);
      assert.is((await likesOf(ledger.store, "video"))[0]?.likes, expected);
    },
  );
  await fc.assert(property, { numRuns: 200 });
});

test("applyBatch() counts nothing when an event exceeds the protocol's bounds", async () => {
  const tooMany = Array.from({ length: RECORD_EVENTS_MAX + 1 }, () => like(0));
  const wrong: Readonly<Record<string, readonly LikeEvent[]>> = {
    "no item": [like(1, "")],
    "reserved item": [like(1, "__proto__")],
    "too many likes": [like(BigInt(LIKES_PER_EVENT_MAX) + 1n)],
    "more than the disk can count": [like(2n ** 63n)],
    "too many events": tooMany,
    "no event": [],
  };
  for (const [what, events] of Object.entries(wrong)) {
    const ledger = await admitted();
    const { record, last } = recordAfter(origin(FIRST), events);
    const range = { first: 1, last: Math.max(1, events.length) };
    const sent = { ...batch(FIRST, [1]), events: range, records: [record], digest: last.digest };
    const result = await ledger.result(batchCommand(sent));
    assert.is(result.type === "refused" && result.refusal.code, "message_invalid", what);
    assert.is(ledger.meta.totalLikes, 0n, what);
  }
});

test("applyBatch() refuses a batch when the total would exceed 63 bits", async () => {
  const ledger = await admitted();
  const [first, second] = batches(FIRST, [[40, 2], [1]]);
  await ledger.store.transact([], (transaction) => {
    const meta = transaction.meta();
    transaction.setMeta({ ...meta, totalLikes: TOTAL_LIKES_MAX - 42n });
    transaction.addLikes("video", TOTAL_LIKES_MAX - 42n);
  });
  assert.is((await ledger.result(batchCommand(first))).type, "applied");
  const refused = await ledger.result(batchCommand(second));
  assert.is(refused.type === "refused" && refused.refusal.code, "message_invalid");
  assert.is(ledger.meta.totalLikes, TOTAL_LIKES_MAX);
  assert.equal(await likesOf(ledger.store, "video"), [{ itemId: "video", likes: TOTAL_LIKES_MAX }]);
});

test.run();
