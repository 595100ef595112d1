/** The outbox of a LikesServer in SQLite: `<folder>/outbox.sqlite`. */
import { assert } from "../../assert.ts";
import type {
  OutboxRead,
  OutboxSnapshot,
  OutboxStore,
  OutboxWrite,
  WriteOutcome,
} from "../../core/likes_server/outbox.ts";
import type { LikeRecord, Position, RecordCodec } from "../../core/protocol/record.ts";
import { LikesError } from "../../errors.ts";
import { recordDiskBytes } from "./disk_bytes.ts";
import { applyWrite, changesBetween, findIncarnation, newOutbox } from "./outbox_state.ts";
import type { StoredRecords } from "./outbox_state.ts";
import { incarnationRow, outboxRow, positionOf } from "./outbox_columns.ts";
import { OUTBOX_KIND, prepareOutbox, readOutboxBytes, readOutboxHead } from "./outbox_tables.ts";
import type { OutboxStatements } from "./outbox_tables.ts";
import { openSqliteFile } from "../sqlite/sqlite_file.ts";
import type { SqliteFile, SqliteOptions } from "../sqlite/sqlite_file.ts";
import { damaged } from "../sqlite/sqlite_failures.ts";
import { integerOf } from "../sqlite/stored_integer.ts";
import { recordOf, verifyRecord, verifyRecords } from "./verify_records.ts";
import type { IncarnationId, OutboxId } from "../../core/protocol/ids.ts";

/** The options of an outbox. */
export interface OutboxOptions extends SqliteOptions {
  /** Verifies stored records; without a codec they are not verified. */
  readonly codec?: RecordCodec;
}

/**
 * Opens the outbox of the LikesServer `serverId` in `folder`, for this process alone, or creates it
 * with the id `outboxIdIfNew`. Throws LikesError `store_locked`, `store_busy`, `store_older`,
 * `store_newer`, `disk_full`, or `store_unusable` when it is damaged or belongs to another
 * LikesServer.
 */
export function openSqliteOutbox(
  folder: string,
  serverId: string,
  outboxIdIfNew: OutboxId,
  options: OutboxOptions = {},
): SqliteOutbox {
  const file = openSqliteFile(folder, OUTBOX_KIND, {
    create: (database) => {
      const { membership, purged } = newOutbox(outboxIdIfNew, serverId);
      database
        .prepare(
          "INSERT INTO outbox " +
            "(one, outbox_id, server_id, membership, redelivering, purged_events, purged_likes) " +
            "VALUES (1, ?, ?, ?, 0, ?, ?)",
        )
        .run(outboxIdIfNew, serverId, membership, purged.events, purged.likes);
    },
    options,
  });
  return file.whileOpening(() => {
    const { codec } = options;
    const found = codec && verifyRecords(file.database, codec, file.uncleanEnd);
    if (found !== undefined) throw damaged(file.path, OUTBOX_KIND, found);
    const outbox = new SqliteOutbox(file, codec);
    outbox.expectServer(serverId);
    return outbox;
  });
}

/**
 * An open outbox. The lock makes it the only writer, so it keeps its state without records in
 * memory.
 */
export class SqliteOutbox implements OutboxStore {
  readonly recordDiskBytes = recordDiskBytes;
  readonly #file: SqliteFile;
  readonly #statements: OutboxStatements;
  readonly #records: StoredRecords;
  readonly #codec: RecordCodec | undefined;
  /** As of the last commit. */
  #state: OutboxSnapshot;

  /**
   * Takes over `file`, a database of OUTBOX_KIND. Verifies the records that it reads with `codec`.
   */
  constructor(file: SqliteFile, codec?: RecordCodec) {
    this.#codec = codec;
    const { database } = file;
    const statements = prepareOutbox(database);
    this.#file = file;
    this.#statements = statements;
    this.#records = {
      positionAt(incarnation, sequence) {
        const row = statements.positionAt.get(incarnation, sequence);
        return row === undefined ? undefined : positionOf(row);
      },
      bytesBetween(incarnation, sequence, upTo) {
        return integerOf(statements.bytesBetween.get(incarnation, sequence, upTo) ?? 0n);
      },
      *recordsAfter(incarnation, sequence) {
        for (const row of statements.sizesAfter.iterate(incarnation, sequence)) {
          yield { last: positionOf(row), diskBytes: integerOf(row.disk_bytes) };
        }
      },
    };
    this.#state = { ...readOutboxHead(database), ...readOutboxBytes(database) };
  }

  /**
   * Throws LikesError `store_unusable` when the outbox belongs to another LikesServer than
   * `serverId`.
   */
  expectServer(serverId: string): void {
    const found = this.#state.serverId;
    if (found === serverId) return;
    throw new LikesError(
      "store_unusable",
      `Cannot open the outbox ${JSON.stringify(this.#file.path)}: it belongs to the LikesServer ` +
        `${JSON.stringify(found)} and not to ${JSON.stringify(serverId)}; use that id, or name ` +
        `another folder`,
    );
  }

  get state(): OutboxSnapshot {
    return this.#state;
  }

  async load(): Promise<OutboxSnapshot> {
    return this.#file.read(() => this.#state);
  }

  async write(writes: readonly OutboxWrite[]): Promise<WriteOutcome> {
    const outcome = this.#file.transact(() => {
      let state = this.#state;
      for (const write of writes) {
        const next = applyWrite(state, write, this.#records);
        if (next !== state) this.#execute(write, state, next);
        state = next;
      }
      return { value: state, changed: state !== this.#state };
    });
    if (outcome.type !== "done") return outcome.type;
    this.#state = outcome.value;
    return "done";
  }

  async read(
    incarnation: IncarnationId,
    sequence: number,
    bytesMax: number,
    recordsMax: number,
  ): Promise<OutboxRead> {
    assert(recordsMax >= 1, "a read is for at least one record");
    return this.#file.read(() => {
      const position = this.#position(incarnation, sequence);
      if (position === undefined) return { position, records: [], end: undefined };
      return { position, ...this.#recordsAfter(incarnation, position, { bytesMax, recordsMax }) };
    });
  }

  close(): void {
    this.#file.close();
  }

  #position(incarnation: IncarnationId, sequence: number): Position | undefined {
    const found = findIncarnation(this.#state, incarnation);
    if (found === undefined) return undefined;
    if (sequence === found.trimmed.sequence) return found.trimmed;
    return this.#records.positionAt(incarnation, sequence);
  }

  #recordsAfter(
    incarnation: IncarnationId,
    position: Position,
    { bytesMax, recordsMax }: { bytesMax: number; recordsMax: number },
  ): { readonly records: readonly LikeRecord[]; readonly end: Position } {
    const records: LikeRecord[] = [];
    let end = position;
    let bytesLeft = bytesMax;
    const rows = this.#statements.recordsAfter.iterate(incarnation, position.sequence, recordsMax);
    for (const row of rows) {
      bytesLeft -= row.events.length;
      if (records.length > 0 && bytesLeft < 0) break;
      const found = this.#codec && verifyRecord(end, row, this.#codec);
      if (found !== undefined) throw this.#file.damage(found);
      end = positionOf(row);
      records.push(recordOf(row));
    }
    return { records, end };
  }

  /** Writes the effect of `write`, which led from `before` to `next`, to the tables. */
  #execute(write: OutboxWrite, before: OutboxSnapshot, next: OutboxSnapshot): void {
    const { append, remove, purge, setIncarnation, setOutbox } = this.#statements;
    if (write.type === "append") {
      const { incarnation, record, last } = write;
      const { events, bytes } = record;
      append.run(incarnation, last.sequence, events.first, last.digest, last.likes, bytes);
    } else {
      const { purged, changed } = changesBetween(before, next);
      for (const { incarnation, last } of purged) {
        remove.run(incarnation, last.sequence);
        purge.run(incarnation);
      }
      for (const one of changed) {
        setIncarnation.run(incarnationRow(one));
        remove.run(one.incarnation, one.trimmed.sequence);
      }
    }
    // A backup in which an incarnation begins is a live outbox again: its row clears `copied_ms`.
    const isSameRow =
      write.type !== "mint" &&
      before.membership === next.membership &&
      before.seen === next.seen &&
      before.fingerprint === next.fingerprint &&
      before.isRedelivering === next.isRedelivering &&
      before.purged === next.purged &&
      before.mark === next.mark;
    if (!isSameRow) setOutbox.run(outboxRow(next));
  }
}
