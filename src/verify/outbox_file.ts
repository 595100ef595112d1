/** An outbox as it is audited: what it says of itself, its incarnations and their records. */
import { RECORD_BYTES_MAX } from "../limits.ts";
import {
  AuditedFile,
  SERVER_ID_BYTES_MAX,
  bounded,
  idColumn,
  idOf,
  likesOf,
  textOf,
  whole,
} from "./audited_file.ts";
import type { AuditedKind, Row } from "./audited_file.ts";
import type { SeenVersion } from "./ledger_file.ts";
import type { Amount, Id } from "./report.ts";
import { CorruptStoreError } from "./corrupt_store_error.ts";

const OUTBOX: AuditedKind = {
  name: "outbox",
  applicationId: 0x4c6b4f42n,
  tables: ["outbox", "incarnations", "records"],
};

const RECORD_COLUMNS =
  `first_sequence, last_sequence, ${idColumn("digest")}, likes, ` +
  bounded("events", RECORD_BYTES_MAX);

/** What an incarnation amounts to up to and with a sequence, as its outbox says. */
export interface Position {
  readonly sequence: number;
  readonly digest: Id;
  readonly likes: bigint;
}

/** An incarnation of which an outbox still knows. */
export interface HeldIncarnation {
  readonly ordinal: bigint;
  readonly incarnation: Id;
  /** Everything up to here was let go of. */
  readonly trimmed: Position;
  readonly acknowledged: Position;
  /** The last event that it holds, or let go of. */
  readonly lastSequence: number;
  /** It was delivered, or decided about: nothing more of it is to be delivered. */
  readonly isClosed: boolean;
  /** It is not delivered on, because of trouble that the ledger has to hear of. */
  readonly isParked: boolean;
}

/** A record as it is stored. */
export interface StoredRecord extends Position {
  readonly firstSequence: number;
  /** The same as `sequence`: a record is named by the place that it leads to. */
  readonly lastSequence: number;
  /** Undefined when it is larger than any record may be. */
  readonly bytes: Uint8Array | undefined;
}

/** An open outbox. */
export class OutboxFile implements Disposable {
  readonly path: string;
  readonly serverId: string;
  readonly outboxId: Id;
  /** What it has last seen of the ledger to which it belongs; undefined before it was admitted. */
  readonly seen: SeenVersion | undefined;
  /** Whether it delivers everything again, to a ledger that forgot what it had acknowledged. */
  readonly isRedelivering: boolean;
  /** What was in the incarnations that it does not know any more: nothing of it was to be delivered. */
  readonly purged: Amount;
  readonly incarnations: readonly HeldIncarnation[];
  /** Whether it is a copy, which lacks what was accepted after it was made. */
  readonly isCopy: boolean;
  readonly #file: AuditedFile;
  readonly #records: ReturnType<AuditedFile["query"]>;
  readonly #recordFrom: ReturnType<AuditedFile["query"]>;

  /** Opens it. Throws UnreadableFileError, or CorruptStoreError when its few rows make no sense. */
  constructor(path: string) {
    this.path = path;
    this.#file = new AuditedFile(path, OUTBOX);
    try {
      const of = `SELECT ${RECORD_COLUMNS} FROM records WHERE ordinal = ?`;
      this.#records = this.#file.query(`${of} ORDER BY last_sequence`);
      this.#recordFrom = this.#file.query(
        `${of} AND last_sequence >= ? ORDER BY last_sequence LIMIT 1`,
      );
      const head = this.#head();
      this.serverId = textOf(head, "server_id");
      this.outboxId = idOf(head, "outbox_id");
      this.seen = head["seen_ledger_id"] === null ? undefined : seenOf(head);
      this.isRedelivering = whole(head, "redelivering") === 1;
      this.isCopy = head["copied_ms"] !== null;
      this.purged = {
        events: whole(head, "purged_events"),
        likes: likesOf(head, "purged_likes"),
      };
      this.incarnations = this.#readIncarnations();
    } catch (error) {
      this.#file[Symbol.dispose]();
      throw error;
    }
  }

  #head(): Row {
    const [head] = this.#file.rows(
      `SELECT ${idColumn("outbox_id")}, ${bounded("server_id", SERVER_ID_BYTES_MAX)}, ` +
        `${idColumn("seen_ledger_id")}, ${idColumn("seen_generation")}, seen_version, ` +
        "redelivering, purged_events, purged_likes, copied_ms FROM outbox LIMIT 1",
    );
    if (head === undefined) throw new CorruptStoreError("the outbox has no row of its own");
    return head;
  }

  #readIncarnations(): readonly HeldIncarnation[] {
    const rows = this.#file.rows(
      `SELECT i.ordinal, ${idColumn("incarnation")}, trimmed_sequence, ` +
        `${idColumn("trimmed_digest")}, trimmed_likes, acknowledged_sequence, ` +
        `${idColumn("acknowledged_digest")}, acknowledged_likes, closed, ` +
        "parked_kind IS NOT NULL AS is_parked, " +
        "coalesce((SELECT max(last_sequence) FROM records r WHERE r.ordinal = i.ordinal), " +
        "trimmed_sequence) AS end_sequence FROM incarnations i ORDER BY i.ordinal",
    );
    return rows.map((row) => ({
      ordinal: BigInt(whole(row, "ordinal")),
      incarnation: idOf(row, "incarnation"),
      trimmed: namedPosition(row, "trimmed"),
      acknowledged: namedPosition(row, "acknowledged"),
      lastSequence: whole(row, "end_sequence"),
      isClosed: whole(row, "closed") === 1,
      isParked: whole(row, "is_parked") === 1,
    }));
  }

  checkIntegrity(): void {
    this.#file.checkIntegrity();
    const [orphan] = this.#file.rows(
      "SELECT ordinal FROM records WHERE ordinal NOT IN (SELECT ordinal FROM incarnations) LIMIT 1",
    );
    if (orphan !== undefined) throw new CorruptStoreError("there are records of no incarnation");
  }

  /**
   * The records of an incarnation, one after another. Throws CorruptStoreError at a row that is none.
   */
  *records({ ordinal }: HeldIncarnation): Generator<StoredRecord> {
    for (const row of this.#records.iterate(ordinal)) yield recordOf(row);
  }

  /** The record in which an event is; undefined when none holds it. */
  recordWith({ ordinal }: HeldIncarnation, sequence: number): StoredRecord | undefined {
    const row = this.#recordFrom.get(ordinal, sequence);
    if (row === undefined) return undefined;
    const record = recordOf(row);
    return record.firstSequence <= sequence ? record : undefined;
  }

  /** What the outbox itself says of a place, which has to be the end of a record. */
  positionAt(held: HeldIncarnation, sequence: number): Position | undefined {
    const { incarnation, trimmed } = held;
    if (sequence === 0) return { sequence, digest: incarnation, likes: 0n };
    if (trimmed.sequence === sequence) return trimmed;
    const record = this.recordWith(held, sequence);
    return record?.lastSequence === sequence ? record : undefined;
  }

  [Symbol.dispose](): void {
    this.#file[Symbol.dispose]();
  }
}

function seenOf(head: Row): SeenVersion {
  return {
    ledgerId: idOf(head, "seen_ledger_id"),
    generation: idOf(head, "seen_generation"),
    version: whole(head, "seen_version"),
  };
}

function namedPosition(row: Row, name: "trimmed" | "acknowledged"): Position {
  return {
    sequence: whole(row, `${name}_sequence`),
    digest: idOf(row, `${name}_digest`),
    likes: likesOf(row, `${name}_likes`),
  };
}

function recordOf(row: Row): StoredRecord {
  const lastSequence = whole(row, "last_sequence");
  const events = row["events"];
  if (events !== null && !(events instanceof Uint8Array))
    throw new CorruptStoreError("events are no bytes");
  return {
    firstSequence: whole(row, "first_sequence"),
    lastSequence,
    sequence: lastSequence,
    digest: idOf(row, "digest"),
    likes: likesOf(row, "likes"),
    bytes: events ?? undefined,
  };
}
