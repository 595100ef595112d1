/** Tests that the file of an outbox stays within its bound for any records, and comes near it. */
import { statSync } from "node:fs";
import { join } from "node:path";
import { test } from "uvu";
import * as assert from "uvu/assert";
import { GroupCommit } from "../../../src/core/likes_server/group_commit.ts";
import { OutboxView } from "../../../src/core/likes_server/outbox_view.ts";
import { OutboxWriter } from "../../../src/core/likes_server/outbox_writer.ts";
import { ITEM_ID_BYTES_MAX, RECORD_EVENTS_MAX } from "../../../src/limits.ts";
import { recordCodec } from "../../../src/format/record_codec.ts";
import { Database } from "../../../src/store/sqlite/sqlite.ts";
import { recordDiskBytes } from "../../../src/store/outbox/disk_bytes.ts";
import { openSqliteOutbox } from "../../../src/store/outbox/sqlite_outbox.ts";
import type { SqliteOutbox } from "../../../src/store/outbox/sqlite_outbox.ts";
import { temporaryFolder } from "../../fixtures/temporary_folder.ts";
import { testId } from "../faults.ts";
import { OUTBOX_ID, SERVER_ID, acknowledge } from "./outbox_fixture.ts";

const INCARNATION = testId(1);
/** Pages that a file may have begun, beyond its records and an empty file. */
const BEGUN_BYTES = 4 * 4096;

/** Records to write in turn: their number of events, and the bytes of each item id. */
interface Shape {
  readonly name: string;
  readonly records: readonly { readonly events: number; readonly idBytes: number }[];
  readonly bytesMax: number;
  /** The least share of the bound that a full outbox uses. */
  readonly usedMin: number;
}

const SMALL = 64 * 1024;
const LARGE = 4 * 1024 * 1024;
const ONES = { events: 1, idBytes: 5 };
const FULL = { events: RECORD_EVENTS_MAX, idBytes: ITEM_ID_BYTES_MAX };
/** 870 bytes: four of them fill a page badly. */
const WIDE = { events: 6, idBytes: 138 };

const SHAPES: readonly Shape[] = [
  { name: "of one small event", records: [ONES], bytesMax: SMALL, usedMin: 0.5 },
  {
    name: "of one large event",
    records: [{ events: 1, idBytes: ITEM_ID_BYTES_MAX }],
    bytesMax: SMALL,
    usedMin: 0.6,
  },
  { name: "of many large events", records: [FULL], bytesMax: LARGE, usedMin: 0.9 },
  {
    name: "of many small events",
    records: [{ events: 1_000, idBytes: 5 }],
    bytesMax: LARGE,
    usedMin: 0.9,
  },
  {
    name: "that fit a page badly",
    records: [WIDE, ONES, ONES, ONES],
    bytesMax: SMALL,
    usedMin: 0.7,
  },
  { name: "of every kind", records: [FULL, WIDE, ONES, ONES], bytesMax: LARGE, usedMin: 0.9 },
];

for (const shape of SHAPES) {
  test(`outbox.sqlite stays in its bound when it is full of records ${shape.name}`, async () => {
    await using folder = temporaryFolder();
    const filler = await Filler.open(folder.path, shape.bytesMax);
    const empty = fileBytes(folder.path);
    const most = shape.bytesMax + empty + BEGUN_BYTES;
    await filler.fill(shape.records);
    assert.ok(filler.bytes <= shape.bytesMax);
    const full = fileBytes(folder.path);
    assert.ok(full <= most, `${full} bytes exceed ${most}`);
    const used = (full - empty) / shape.bytesMax;
    assert.ok(used >= shape.usedMin, `only ${used} of the bound is used`);
    await filler.trimAll();
    assert.is(filler.bytes, 0);
    await filler.fill(shape.records);
    const again = fileBytes(folder.path);
    assert.ok(again <= full + BEGUN_BYTES, `${again} after ${full}: pages are not reused`);
    filler.close();
    assert.ok(statSync(join(folder.path, "outbox.sqlite")).size <= most);
  });
}

test("outbox.sqlite stays in its bound when it is half trimmed and refilled", async () => {
  await using folder = temporaryFolder();
  const filler = await Filler.open(folder.path, SMALL);
  const most = SMALL + fileBytes(folder.path) + BEGUN_BYTES;
  for (const { records } of SHAPES.toReversed()) {
    await filler.fill(records);
    await filler.trimHalf();
    const bytes = fileBytes(folder.path);
    assert.ok(bytes <= most, `${bytes} bytes exceed ${most}`);
  }
  filler.close();
});

test.run();

/** Fills an outbox as a LikesServer does, through its group commit, until it is refused. */
class Filler {
  readonly #store: SqliteOutbox;
  readonly #bytesMax: number;
  readonly #adds = new GroupCommit({ codec: recordCodec, recordDiskBytes });
  readonly #writer = new OutboxWriter(this.#adds);
  readonly #known: OutboxView;
  readonly #ends: number[] = [];

  constructor(store: SqliteOutbox, known: OutboxView, bytesMax: number) {
    this.#store = store;
    this.#known = known;
    this.#bytesMax = bytesMax;
  }

  static async open(folder: string, bytesMax: number): Promise<Filler> {
    const store = openSqliteOutbox(folder, SERVER_ID, OUTBOX_ID);
    await store.write([{ type: "mint", incarnation: INCARNATION }]);
    return new Filler(store, new OutboxView(await store.load()), bytesMax);
  }

  get bytes(): number {
    return this.#store.state.bytes;
  }

  /** Adds `records` in turn until a like is refused. */
  async fill(records: Shape["records"]): Promise<void> {
    let code: string | undefined;
    for (let taken = 0; code === undefined; taken++) {
      const { events, idBytes } = records[taken % records.length] ?? ONES;
      for (let event = 0; event < events && code === undefined; event++) code = this.#add(idBytes);
      await this.#write();
    }
    assert.is(code, "outbox_full");
  }

  async trimAll(): Promise<void> {
    await this.#trim(this.#ends.length);
  }

  async trimHalf(): Promise<void> {
    await this.#trim(Math.ceil(this.#ends.length / 2));
  }

  close(): void {
    this.#store.close();
  }

  #add(idBytes: number): string | undefined {
    const event = { itemId: "v".repeat(idBytes), change: { kind: "add", likes: 1n } } as const;
    const add = { requestId: 1, event, mark: undefined };
    return this.#adds.add(add, this.#bytesMax - this.#store.state.bytes)?.code;
  }

  async #write(): Promise<void> {
    const writing = this.#writer.next(this.#known, 0);
    if (writing === undefined) return;
    assert.is(await this.#store.write(writing.writes), "done");
    this.#writer.end();
    this.#known.onWritten(writing.writes, this.#store.state);
    for (const write of writing.writes) {
      if (write.type === "append") this.#ends.push(write.last.sequence);
    }
  }

  async #trim(records: number): Promise<void> {
    const upTo = this.#ends.splice(0, records).at(-1);
    assert.ok(upTo !== undefined);
    await this.#store.write([
      acknowledge(INCARNATION, upTo),
      { type: "trim", incarnation: INCARNATION, upTo },
    ]);
  }
}

/** The bytes of the database, including pages that only its log has. */
function fileBytes(folder: string): number {
  const database = new Database(join(folder, "outbox.sqlite"), { isReadOnly: true });
  const pages = database.pragma("page_count");
  const size = database.pragma("page_size");
  database.close();
  return Number(pages) * Number(size);
}
