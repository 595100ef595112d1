/** The outbox of a LikesServer in memory, for tests and the simulator. */
import { assert } from "../assert.ts";
import { recordDiskBytes } from "../core/disk_bytes.ts";
import type {
  OutboxRead,
  OutboxSnapshot,
  OutboxStore,
  OutboxWrite,
  WriteOutcome,
} from "../core/outbox.ts";
import type { Id, LikeRecord, Position } from "../core/record.ts";
import { Doubt } from "./doubt.ts";
import { MemoryDisk } from "./memory_disk.ts";
import { afterWrite, findIncarnation, newOutbox } from "./outbox_state.ts";
import type { HeldRecords } from "./outbox_state.ts";

interface StoredRecord {
  readonly record: LikeRecord;
  readonly last: Position;
}

type StoredRecords = ReadonlyMap<Id, readonly StoredRecord[]>;

/** What is committed. It is never changed, only replaced as a whole. */
interface Content {
  readonly state: OutboxSnapshot;
  readonly records: StoredRecords;
}

/** The disk of an outbox: what was committed, and nothing else. */
export class OutboxDisk extends MemoryDisk {
  /** For the store on this disk. */
  content: Content;

  constructor(outboxId: Id, serverId: string) {
    super();
    this.content = { state: newOutbox(outboxId, serverId), records: new Map() };
  }

  /** A copy of what is committed now. */
  clone(): OutboxDisk {
    const { outboxId, serverId } = this.content.state;
    const copy = new OutboxDisk(outboxId, serverId);
    copy.content = this.content;
    return copy;
  }
}

/** An outbox opened on `disk`. */
export class MemoryOutbox implements OutboxStore {
  readonly #disk: OutboxDisk;
  readonly #doubt = new Doubt("the outbox in memory");

  constructor(disk: OutboxDisk) {
    this.#disk = disk;
  }

  get bytes(): number {
    return this.#disk.content.state.bytes;
  }

  async load(): Promise<OutboxSnapshot> {
    this.#doubt.throwIfEntered();
    return this.#disk.content.state;
  }

  async write(writes: readonly OutboxWrite[]): Promise<WriteOutcome> {
    this.#doubt.throwIfEntered();
    const before = this.#disk.content;
    const after = writes.reduce(contentAfter, before);
    if (after.state === before.state) return "done";
    const fault = this.#disk.takeFault();
    if (fault === "refused") return "refused";
    if (fault !== "in_doubt_lost") this.#disk.content = after;
    if (fault !== undefined) throw this.#doubt.enter(new Error("the disk failed"));
    return "done";
  }

  async read(
    incarnation: Id,
    sequence: number,
    bytesMax: number,
    recordsMax: number,
  ): Promise<OutboxRead> {
    this.#doubt.throwIfEntered();
    assert(recordsMax >= 1, "a read is for at least one record");
    const { state, records: stored } = this.#disk.content;
    const trimmed = findIncarnation(state, incarnation)?.trimmed;
    const position =
      trimmed?.sequence === sequence
        ? trimmed
        : heldRecords(stored).positionAt(incarnation, sequence);
    const records: LikeRecord[] = [];
    if (position === undefined) return { position, records, end: undefined };
    let end = position;
    let bytesLeft = bytesMax;
    for (const { record, last } of recordsAfter(stored, incarnation, sequence)) {
      bytesLeft -= record.bytes.length;
      if (records.length === recordsMax || (records.length > 0 && bytesLeft < 0)) break;
      records.push(record);
      end = last;
    }
    return { position, records, end };
  }

  close(): void {
    // A disk in memory has nothing to give back.
  }
}

function contentAfter({ state, records }: Content, write: OutboxWrite): Content {
  return {
    state: afterWrite(state, write, heldRecords(records)),
    records: recordsAfterWrite(records, write),
  };
}

function recordsAfterWrite(records: StoredRecords, write: OutboxWrite): StoredRecords {
  switch (write.type) {
    case "append": {
      const { incarnation, record, last } = write;
      // A copy, as a disk would make: the giver may use its buffer again.
      const stored = { record: { ...record, bytes: record.bytes.slice() }, last };
      return new Map(records).set(incarnation, [...(records.get(incarnation) ?? []), stored]);
    }
    case "trim": {
      const { incarnation, upTo } = write;
      return new Map(records).set(incarnation, recordsAfter(records, incarnation, upTo));
    }
    case "close": {
      const left = new Map(records);
      left.delete(write.incarnation);
      return left;
    }
    default:
      return records;
  }
}

function recordsAfter(
  records: StoredRecords,
  incarnation: Id,
  sequence: number,
): readonly StoredRecord[] {
  return (records.get(incarnation) ?? []).filter(({ last }) => last.sequence > sequence);
}

function heldRecords(records: StoredRecords): HeldRecords {
  return {
    positionAt(incarnation, sequence) {
      return records.get(incarnation)?.find(({ last }) => last.sequence === sequence)?.last;
    },
    bytesUpTo(incarnation, sequence) {
      const upTo = (records.get(incarnation) ?? []).filter(({ last }) => last.sequence <= sequence);
      return upTo.reduce((bytes, { record }) => bytes + recordDiskBytes(record.bytes.length), 0);
    },
  };
}
