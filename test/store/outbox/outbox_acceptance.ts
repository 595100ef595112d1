/** The acceptance suite of every OutboxStore. */
import type { Test } from "uvu";
import * as assert from "uvu/assert";
import { recordDiskBytes } from "../../../src/store/outbox/disk_bytes.ts";
import type { OutboxWrite } from "../../../src/core/likes_server/outbox.ts";
import { acceptedOf } from "../../../src/core/likes_server/outbox.ts";
import type { Accepted, OutboxSnapshot } from "../../../src/core/likes_server/outbox.ts";
import type { IncarnationId } from "../../../src/core/protocol/ids.ts";
import { origin } from "../../../src/core/protocol/record.ts";
import { RECORD_BYTES_MAX } from "../../../src/limits.ts";
import { assertionOf, testId } from "../faults.ts";
import {
  OUTBOX_ID,
  SERVER_ID,
  acknowledge,
  append,
  incarnationWith,
  mint,
  positionAt,
  sequencesAfter,
} from "./outbox_fixture.ts";
import { acceptIdle } from "./outbox_idle_acceptance.ts";
import { acceptMarks } from "./outbox_marks_acceptance.ts";
import { acceptRetention } from "./outbox_retention_acceptance.ts";
import { acceptOutboxFaults } from "./outbox_faults_acceptance.ts";
import type { OutboxFixture } from "./outbox_fixture.ts";

function accepted({ purged, incarnations }: OutboxSnapshot): Accepted {
  return acceptedOf(purged, incarnations);
}

/** The disk bytes of a record that `append` makes. */
const SMALL_DISK_BYTES = recordDiskBytes(3);

const OLD = testId(1);
const NEW = testId(2);

function trim(incarnation: IncarnationId, upTo: number): OutboxWrite {
  return { type: "trim", incarnation, upTo };
}

/** Acknowledges and trims up to `upTo`. */
function deliver(incarnation: IncarnationId, upTo: number): readonly OutboxWrite[] {
  return [acknowledge(incarnation, upTo), trim(incarnation, upTo)];
}

/** Adds the suite to `test`. `makeFixture` makes a disk with a new outbox. */
export function acceptOutbox(test: Test, makeFixture: () => OutboxFixture): void {
  acceptAppends(test, makeFixture);
  acceptChecks(test, makeFixture);
  acceptReads(test, makeFixture);
  acceptTrims(test, makeFixture);
  acceptTrimChecks(test, makeFixture);
  acceptRetention(test, makeFixture);
  acceptIdle(test, makeFixture);
  acceptMarks(test, makeFixture);
  acceptOutboxFaults(test, makeFixture);
}

function acceptAppends(test: Test, makeFixture: () => OutboxFixture): void {
  test("load() returns an empty unregistered outbox when it is new", async () => {
    await using fixture = makeFixture();
    assert.equal(await fixture.open().load(), {
      outboxId: OUTBOX_ID,
      serverId: SERVER_ID,
      membership: "unregistered",
      seen: undefined,
      fingerprint: undefined,
      isRedelivering: false,
      incarnations: [],
      purged: { events: 0, likes: 0n },
      mark: undefined,
      bytes: 0,
      retainedBytes: 0,
    });
  });

  test("write() keeps incarnations and records when the outbox is opened again", async () => {
    await using fixture = makeFixture();
    const store = fixture.open();
    assert.is(await store.write([mint(OLD), append(OLD, [1, 2]), append(OLD, [3, 3])]), "done");
    assert.is(await store.write([mint(NEW)]), "done");
    assert.is(store.state.bytes, 2 * SMALL_DISK_BYTES);
    const again = fixture.open();
    assert.is(again.state.bytes, 2 * SMALL_DISK_BYTES);
    const { incarnations, bytes } = await again.load();
    assert.equal(incarnations, [
      incarnationWith(OLD, { last: positionAt(3) }),
      incarnationWith(NEW, {}),
    ]);
    assert.is(bytes, 2 * SMALL_DISK_BYTES);
    assert.equal(await again.read(OLD, 0, 100, 100), {
      position: origin(OLD),
      records: [
        { events: { first: 1, last: 2 }, bytes: new Uint8Array([2, 2, 2]) },
        { events: { first: 3, last: 3 }, bytes: new Uint8Array([3, 3, 3]) },
      ],
      end: positionAt(3),
    });
  });

  test("write() does nothing without writes", async () => {
    await using fixture = makeFixture();
    assert.is(await fixture.open().write([]), "done");
  });
}

function acceptChecks(test: Test, makeFixture: () => OutboxFixture): void {
  test("write() copies a record's bytes, which the caller may reuse", async () => {
    await using fixture = makeFixture();
    const store = fixture.open();
    const bytes = new Uint8Array([1, 2, 3]);
    const record = { events: { first: 1, last: 1 }, bytes };
    await store.write([
      mint(OLD),
      { type: "append", incarnation: OLD, record, last: positionAt(1), mark: undefined },
    ]);
    bytes.fill(9);
    const { records } = await store.read(OLD, 0, 100, 1);
    assert.equal(records[0]?.bytes, new Uint8Array([1, 2, 3]));
  });

  test("write() asserts and changes nothing when an append does not follow", async () => {
    await using fixture = makeFixture();
    const store = fixture.open();
    await assertionOf("has the incarnation", () => store.write([append(OLD, [1, 1])]));
    await store.write([mint(OLD), append(OLD, [1, 2])]);
    await assertionOf("follows the last", () => store.write([append(OLD, [2, 3])]));
    await assertionOf("follows the last", () => store.write([append(OLD, [4, 4])]));
    await assertionOf("holds an event", () => store.write([append(OLD, [3, 2])]));
    await assertionOf("follows the last", () =>
      store.write([append(OLD, [3, 3]), append(OLD, [3, 3])]),
    );
    const closed: OutboxWrite = { type: "close", incarnation: OLD };
    await assertionOf("closed incarnation", () => store.write([closed, append(OLD, [3, 3])]));
    await assertionOf("not minted before", () => store.write([mint(OLD)]));
    await store.write([mint(NEW)]);
    await assertionOf("newest", () => store.write([append(OLD, [3, 3])]));
    const { incarnations } = await fixture.open().load();
    assert.equal(
      incarnations.map(({ last }) => last.sequence),
      [2, 0],
    );
  });

  test("write() keeps likes above 2^53 exact", async () => {
    await using fixture = makeFixture();
    const likes = 2n ** 63n - 1n;
    const first = append(OLD, [1, 1]);
    assert.ok(first.type === "append");
    await fixture.open().write([mint(OLD), { ...first, last: { ...positionAt(1), likes } }]);
    const store = fixture.open();
    assert.is(accepted(await store.load()).likes, likes);
    await store.write([...deliver(OLD, 1), { type: "close", incarnation: OLD }]);
    const again = fixture.open();
    assert.is(accepted(await again.load()).likes, likes);
    await again.write([mint(NEW)]);
    const over = { ...first, incarnation: NEW, last: { ...positionAt(1), likes: likes + 1n } };
    await assertionOf("63 bits", () => again.write([over]));
  });
}

function acceptReads(test: Test, makeFixture: () => OutboxFixture): void {
  test("read() stops at its bounds when more records follow", async () => {
    await using fixture = makeFixture();
    const store = fixture.open();
    await store.write([mint(OLD), append(OLD, [1, 2]), append(OLD, [3, 3]), append(OLD, [4, 9])]);
    assert.equal(await sequencesAfter(store, OLD, 0), [2, 3, 9]);
    assert.equal(await sequencesAfter(store, OLD, 0, { recordsMax: 2 }), [2, 3]);
    assert.equal(await sequencesAfter(store, OLD, 0, { bytesMax: 6 }), [2, 3]);
    assert.equal(await sequencesAfter(store, OLD, 2, { bytesMax: 5 }), [3]);
    assert.equal(await sequencesAfter(store, OLD, 2, { bytesMax: 0 }), [3]);
    const { end } = await store.read(OLD, 0, 6, 100);
    assert.equal(end, positionAt(3));
  });

  test("read() returns its position as the end when nothing follows", async () => {
    await using fixture = makeFixture();
    const store = fixture.open();
    await store.write([mint(OLD), append(OLD, [1, 2])]);
    const end = positionAt(2);
    assert.equal(await store.read(OLD, 2, 100, 100), { position: end, records: [], end });
  });

  test("read() returns no position when the sequence does not end a record", async () => {
    await using fixture = makeFixture();
    const store = fixture.open();
    await store.write([mint(OLD), append(OLD, [1, 2]), append(OLD, [3, 3]), ...deliver(OLD, 2)]);
    const nothing = { position: undefined, records: [], end: undefined };
    for (const sequence of [0, 1, 4]) {
      assert.equal(await store.read(OLD, sequence, 100, 100), nothing);
    }
    assert.equal(await store.read(NEW, 0, 100, 100), nothing);
  });
}

function acceptTrims(test: Test, makeFixture: () => OutboxFixture): void {
  test("trim keeps position, digest and likes when the outbox is opened again", async () => {
    await using fixture = makeFixture();
    const before = fixture.open();
    await before.write([mint(OLD), append(OLD, [1, 2]), append(OLD, [3, 3])]);
    await before.write(deliver(OLD, 2));
    assert.is(before.state.bytes, SMALL_DISK_BYTES);
    const store = fixture.open();
    const { incarnations, bytes } = await store.load();
    assert.equal(incarnations[0]?.trimmed, positionAt(2));
    assert.equal(incarnations[0]?.last, positionAt(3));
    assert.is(bytes, SMALL_DISK_BYTES);
    assert.equal(await sequencesAfter(store, OLD, 2), [3]);
    await store.write([...deliver(OLD, 3), append(OLD, [4, 4]), ...deliver(OLD, 4)]);
    const again = fixture.open();
    const after = await again.load();
    assert.equal(after.incarnations[0]?.trimmed, positionAt(4));
    assert.equal(after.incarnations[0]?.last, positionAt(4));
    assert.equal(accepted(after), { events: 4, likes: 40n });
    assert.is(again.state.bytes, 0);
    await again.write([append(OLD, [5, 5])]);
    assert.equal(await sequencesAfter(again, OLD, 4), [5]);
  });

  test("bytes are what records of any size take on the disk", async () => {
    await using fixture = makeFixture();
    const sizes = [7, 8, 9, 929, 930, 5_021, 5_022, 9_114, RECORD_BYTES_MAX];
    const appends = sizes.map((bytes, index) => append(OLD, [index + 1, index + 1], { bytes }));
    const before = fixture.open();
    await before.write([mint(OLD), ...appends]);
    const store = fixture.open();
    assert.is(store.state.bytes, before.state.bytes);
    for (const [index, size] of sizes.entries()) {
      const held = store.state.bytes;
      await store.write(deliver(OLD, index + 1));
      assert.is(held - store.state.bytes, recordDiskBytes(size), `${size}`);
    }
    assert.is(store.state.bytes, 0);
  });

  test("trim does nothing at or below the trimmed position", async () => {
    await using fixture = makeFixture();
    const store = fixture.open();
    await store.write([mint(OLD), append(OLD, [1, 2]), append(OLD, [3, 3]), ...deliver(OLD, 2)]);
    const before = await store.load();
    assert.is(await store.write([trim(OLD, 2), trim(OLD, 1), trim(OLD, 0)]), "done");
    assert.equal(await store.load(), before);
  });
}

function acceptTrimChecks(test: Test, makeFixture: () => OutboxFixture): void {
  test("trim asserts the end of a record, and that it is acknowledged", async () => {
    await using fixture = makeFixture();
    const store = fixture.open();
    await store.write([mint(OLD), append(OLD, [1, 2]), append(OLD, [3, 3]), acknowledge(OLD, 2)]);
    await assertionOf("end of a record", () => store.write([trim(OLD, 1)]));
    await assertionOf("end of a record", () => store.write([trim(OLD, 4)]));
    await assertionOf("only what is acknowledged", () => store.write([trim(OLD, 3)]));
    const before = store.state;
    await store.write([trim(NEW, 3)]);
    assert.is(store.state, before, "those records are gone already");
  });
}
