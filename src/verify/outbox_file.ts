/** Reads an outbox for the audit: its own row, its incarnations and their records. */
import { RECORD_BYTES_MAX } from "../limits.ts";
import {
  AuditedFile,
  SERVER_ID_BYTES_MAX,
  bounded,
  idColumn,
  idIfAny,
  idOf,
  likesOf,
  textOf,
  whole,
} from "./audited_file.ts";
import type { AuditedKind, Row } from "./audited_file.ts";
import type { SeenVersion } from "./ledger_file.ts";
import type { Amount, EventRange, StoredId } from "./report.ts";
import { CorruptStoreError } from "./corrupt_store_error.ts";

const OUTBOX: AuditedKind = {
  name: "outbox",
  applicationId: 0x4c6b4f42n,
  tables: ["outbox", "incarnations", "records"],
};

const RECORD_COLUMNS =
  `first_sequence, last_sequence, ${idColumn("digest")}, likes, ` +
  bounded("events", RECORD_BYTES_MAX);

/** The digest and running total of an incarnation after `sequence`, as its outbox stores them. */
export interface AuditedPosition {
  readonly sequence: number;
  readonly digest: StoredId;
  readonly likes: bigint;
}

/** An incarnation that an outbox still stores. */
export interface OutboxIncarnation {
  readonly ordinal: bigint;
  readonly incarnation: StoredId;
  /** Everything up to here is trimmed. */
  readonly trimmed: AuditedPosition;
  readonly acknowledged: AuditedPosition;
  /** The last event, stored or trimmed. */
  readonly lastSequence: number;
  /** Nothing more is to be delivered: all was delivered, or a decision ended it. */
  readonly isClosed: boolean;
  /** Delivery is stopped by trouble that the ledger must learn of. */
  readonly isParked: boolean;
}

/** A stored record. */
export interface StoredRecord extends AuditedPosition {
  /** Its last one is at `sequence`: the position of a record is its end. */
  readonly events: EventRange;
  /** Undefined when larger than any record may be. */
  readonly bytes: Uint8Array | undefined;
}

/** An open outbox. */
export class OutboxFile implements Disposable {
  readonly path: string;
  readonly serverId: string;
  readonly outboxId: StoredId;
  /** The version it last saw of its ledger; undefined before it became a member. */
  readonly seen: SeenVersion | undefined;
  /** Names the secret behind its pseudonyms; undefined before it became a member. */
  readonly fingerprint: StoredId | undefined;
  /** Whether it redelivers everything, to a ledger that lost acknowledged events. */
  readonly isRedelivering: boolean;
  /** Events and likes of the purged incarnations, all of which were closed. */
  readonly purged: Amount;
  readonly incarnations: readonly OutboxIncarnation[];
  /** Whether it is a copy, which lacks later events. */
  readonly isCopy: boolean;
  readonly #file: AuditedFile;
  readonly #records: ReturnType<AuditedFile["query"]>;
  readonly #recordFrom: ReturnType<AuditedFile["query"]>;

  /** Opens the outbox. Throws UnreadableFileError, or CorruptStoreError for invalid rows. */
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
      this.fingerprint = idIfAny(head, "fingerprint");
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
        `${idColumn("fingerprint")}, ` +
        "redelivering, purged_events, purged_likes, copied_ms FROM outbox LIMIT 1",
    );
    if (head === undefined) throw new CorruptStoreError("the table outbox has no row");
    return head;
  }

  #readIncarnations(): readonly OutboxIncarnation[] {
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
      trimmed: positionOf(row, "trimmed"),
      acknowledged: positionOf(row, "acknowledged"),
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
    if (orphan !== undefined) throw new CorruptStoreError("some records belong to no incarnation");
  }

  /** Yields the records of an incarnation in order. Throws CorruptStoreError at an invalid row. */
  *records({ ordinal }: OutboxIncarnation): Generator<StoredRecord> {
    for (const row of this.#records.iterate(ordinal)) yield recordOf(row);
  }

  /** Returns the record that contains `sequence`; undefined without one. */
  recordWith({ ordinal }: OutboxIncarnation, sequence: number): StoredRecord | undefined {
    const row = this.#recordFrom.get(ordinal, sequence);
    if (row === undefined) return undefined;
    const record = recordOf(row);
    return record.events.first <= sequence ? record : undefined;
  }

  /** Returns the stored position at `sequence`; undefined when no record ends there. */
  positionAt(stored: OutboxIncarnation, sequence: number): AuditedPosition | undefined {
    const { incarnation, trimmed } = stored;
    if (sequence === 0) return { sequence, digest: incarnation, likes: 0n };
    if (trimmed.sequence === sequence) return trimmed;
    const record = this.recordWith(stored, sequence);
    return record?.sequence === sequence ? record : undefined;
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

function positionOf(row: Row, name: "trimmed" | "acknowledged"): AuditedPosition {
  return {
    sequence: whole(row, `${name}_sequence`),
    digest: idOf(row, `${name}_digest`),
    likes: likesOf(row, `${name}_likes`),
  };
}

function recordOf(row: Row): StoredRecord {
  const last = whole(row, "last_sequence");
  const events = row["events"];
  if (events !== null && !(events instanceof Uint8Array))
    throw new CorruptStoreError("events is not a blob");
  return {
    events: { first: whole(row, "first_sequence"), last },
    sequence: last,
    digest: idOf(row, "digest"),
    likes: likesOf(row, "likes"),
    bytes: events ?? undefined,
  };
}
