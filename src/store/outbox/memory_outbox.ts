/** The outbox of a LikesServer in memory, for tests and the simulator. */
import { assert } from "../../assert.ts";
import { recordDiskBytes } from "./disk_bytes.ts";
import type {
  AppendWrite,
  OutboxRead,
  OutboxSnapshot,
  OutboxStore,
  OutboxWrite,
  WriteOutcome,
} from "../../core/likes_server/outbox.ts";
import type { LikeRecord, Position } from "../../core/protocol/record.ts";
import { FailedStore } from "../sqlite/failed_store.ts";
import { MemoryDisk } from "../memory_disk.ts";
import { applyWrite, changesBetween, findIncarnation, newOutbox } from "./outbox_state.ts";
import type { RecordSize, StoredRecords, OutboxChanges } from "./outbox_state.ts";
import type { IncarnationId, OutboxId } from "../../core/protocol/ids.ts";

interface StoredRecord extends RecordSize {
  readonly record: LikeRecord;
}

/** The committed content. `state` is replaced, never changed; records are added and removed. */
interface Content {
  state: OutboxSnapshot;
  /** The records of each incarnation, in order, without trimmed ones. */
  readonly records: Map<IncarnationId, StoredRecord[]>;
}

/** The disk of an outbox: the committed content. */
export class OutboxDisk extends MemoryDisk {
  readonly content: Content;

  constructor(outboxId: OutboxId, serverId: string) {
    super();
    this.content = { state: newOutbox(outboxId, serverId), records: new Map() };
  }

  /** Returns a copy of the committed content, as a backup. */
  clone(): OutboxDisk {
    const { state, records } = this.content;
    const copy = new OutboxDisk(state.outboxId, state.serverId);
    copy.content.state = state;
    for (const [incarnation, list] of records) copy.content.records.set(incarnation, [...list]);
    return copy;
  }
}

/** An outbox on a disk in memory. */
export class MemoryOutbox implements OutboxStore {
  readonly #disk: OutboxDisk;
  readonly #records: StoredRecords;
  readonly #failed = new FailedStore("the outbox in memory");

  constructor(disk: OutboxDisk) {
    this.#disk = disk;
    this.#records = storedRecords(disk.content.records);
  }

  get state(): OutboxSnapshot {
    return this.#disk.content.state;
  }

  async load(): Promise<OutboxSnapshot> {
    this.#failed.throwIfFailed();
    return this.state;
  }

  async write(writes: readonly OutboxWrite[]): Promise<WriteOutcome> {
    return this.writeNow(writes);
  }

  async read(
    incarnation: IncarnationId,
    sequence: number,
    bytesMax: number,
    recordsMax: number,
  ): Promise<OutboxRead> {
    return this.readNow(incarnation, sequence, bytesMax, recordsMax);
  }

  /**
   * `write` without a promise, for the simulator. Records are added during the writes, and removed
   * after all of them. So a failed write only has to undo additions.
   */
  writeNow(writes: readonly OutboxWrite[]): WriteOutcome {
    this.#failed.throwIfFailed();
    const before = this.state;
    const added: IncarnationId[] = [];
    const changes: OutboxChanges[] = [];
    let after = before;
    try {
      for (const write of writes) {
        const next = applyWrite(after, write, this.#records);
        if (write.type === "append") added.push(this.#add(write));
        else changes.push(changesBetween(after, next));
        after = next;
      }
    } catch (error) {
      this.#undo(added);
      throw error;
    }
    if (after === before) return "done";
    const fault = this.#disk.takeFault();
    if (fault === "disk_full" || fault === "in_doubt_lost") this.#undo(added);
    else this.#commit(after, changes);
    if (fault === "disk_full") return "disk_full";
    if (fault !== undefined) throw this.#failed.fail(new Error("the disk failed"));
    return "done";
  }

  /** `read` without a promise, for the simulator. */
  readNow(
    incarnation: IncarnationId,
    sequence: number,
    bytesMax: number,
    recordsMax: number,
  ): OutboxRead {
    this.#failed.throwIfFailed();
    assert(recordsMax >= 1, "a read is for at least one record");
    const { state, records: stored } = this.#disk.content;
    const trimmed = findIncarnation(state, incarnation)?.trimmed;
    const position =
      trimmed?.sequence === sequence ? trimmed : this.#records.positionAt(incarnation, sequence);
    const records: LikeRecord[] = [];
    if (position === undefined) return { position, records, end: undefined };
    let end = position;
    let bytesLeft = bytesMax;
    const list = stored.get(incarnation) ?? [];
    for (let index = indexAfter(list, sequence); index < list.length; index++) {
      const { record, last } = at(list, index);
      bytesLeft -= record.bytes.length;
      if (records.length === recordsMax || (records.length > 0 && bytesLeft < 0)) break;
      records.push(record);
      end = last;
    }
    return { position, records, end };
  }

  readonly recordDiskBytes = recordDiskBytes;

  close(): void {
    // A disk in memory holds no resources.
  }

  #add({ incarnation, record, last }: AppendWrite): IncarnationId {
    // A copy, as a disk makes one: the caller may reuse its buffer.
    const bytes = record.bytes.slice();
    const stored = { record: { ...record, bytes }, last, diskBytes: recordDiskBytes(bytes.length) };
    const { records } = this.#disk.content;
    const list = records.get(incarnation);
    if (list === undefined) records.set(incarnation, [stored]);
    else list.push(stored);
    return incarnation;
  }

  #undo(added: readonly IncarnationId[]): void {
    for (const incarnation of added) this.#disk.content.records.get(incarnation)?.pop();
  }

  #commit(after: OutboxSnapshot, changes: readonly OutboxChanges[]): void {
    const { content } = this.#disk;
    for (const { purged, changed } of changes) {
      for (const { incarnation } of purged) content.records.delete(incarnation);
      for (const { incarnation, trimmed } of changed) {
        const list = content.records.get(incarnation);
        list?.splice(0, indexAfter(list, trimmed.sequence));
      }
    }
    content.state = after;
  }
}

function storedRecords(
  records: ReadonlyMap<IncarnationId, readonly StoredRecord[]>,
): StoredRecords {
  const listOf = (incarnation: IncarnationId) => records.get(incarnation) ?? [];
  return {
    positionAt(incarnation, sequence): Position | undefined {
      const list = listOf(incarnation);
      const last = list[indexAfter(list, sequence) - 1]?.last;
      return last?.sequence === sequence ? last : undefined;
    },
    bytesBetween(incarnation, sequence, upTo) {
      const list = listOf(incarnation);
      let bytes = 0;
      const end = indexAfter(list, upTo);
      for (let index = indexAfter(list, sequence); index < end; index++) {
        bytes += at(list, index).diskBytes;
      }
      return bytes;
    },
    *recordsAfter(incarnation, sequence) {
      const list = listOf(incarnation);
      for (let index = indexAfter(list, sequence); index < list.length; index++) {
        yield at(list, index);
      }
    },
  };
}

/** Returns the index of the first record that ends after `sequence`, by binary search. */
function indexAfter(list: readonly StoredRecord[], sequence: number): number {
  let [low, high] = [0, list.length];
  while (low < high) {
    const middle = (low + high) >>> 1;
    if (at(list, middle).last.sequence <= sequence) low = middle + 1;
    else high = middle;
  }
  return low;
}

function at(list: readonly StoredRecord[], index: number): StoredRecord {
  const stored = list[index];
  assert(stored !== undefined, "the index is that of a record");
  return stored;
}
