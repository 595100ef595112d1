/** Reads a ledger for the audit: its sums, applied sequences, troubles and decisions. */
import {
  AuditedFile,
  SERVER_ID_BYTES_MAX,
  bounded,
  idColumn,
  idIfAny,
  idOf,
  likesOf,
  textOf,
  timeOf,
  whole,
} from "./audited_file.ts";
import type { AuditedKind, Row } from "./audited_file.ts";
import { COUNT_TABLES, LedgerCounts } from "./ledger_counts.ts";
import type { EventRange, OpenTrouble, StoredId } from "./report.ts";
import { CorruptStoreError } from "./corrupt_store_error.ts";

const LEDGER: AuditedKind = {
  name: "ledger",
  applicationId: 0x4c6b4c47n,
  tables: [
    "ledger",
    "members",
    "incarnations",
    "generations",
    "troubles",
    "decisions",
    ...COUNT_TABLES,
  ],
};

/** Bounds above the longest state, and the longest kind of a trouble or decision. */
const STATE_CHARS_MAX = 16;
const KIND_CHARS_MAX = 32;

/** How far the ledger has applied an incarnation. */
export interface LedgerIncarnation {
  readonly incarnation: StoredId;
  readonly outboxId: StoredId;
  readonly appliedSequence: number;
  readonly digest: StoredId;
  /** An operator declared that no more events will come. */
  readonly isRetired: boolean;
}

/** A version of one generation of a ledger, as an outbox saw it. */
export interface SeenVersion {
  readonly ledgerId: StoredId;
  readonly generation: StoredId;
  readonly version: number;
}

/** A row of the ledger about an outbox. */
export interface AuditedMember {
  readonly outboxId: StoredId;
  readonly serverId: string;
  /** True if it neither left nor was retired. */
  readonly isKnown: boolean;
  readonly isRetired: boolean;
  readonly appliedEvents: number;
  /** Likes of its adds that counted. */
  readonly appliedLikes: bigint;
}

/** A decision about an outbox or one of its incarnations. */
export interface Decision {
  readonly number: number;
  readonly kind: string;
  /** The kind of the trouble; empty when a LikesServer was retired. */
  readonly trouble: string;
  /** The number of the trouble; 0 for none. */
  readonly troubleNumber: number;
  readonly outboxId: StoredId;
  /** Empty if the decision is about no incarnation in particular. */
  readonly incarnation: StoredId;
  /** From 0 to 0 if the decision is about no events in particular. */
  readonly events: EventRange;
}

/** An open trouble with its outbox; `outboxId` is empty for the ledger as a whole. */
export interface LedgerTrouble extends OpenTrouble {
  readonly outboxId: StoredId | "";
}

/** Events that a decision excluded while later events count. */
export interface Gap {
  readonly decision: number;
  readonly incarnation: StoredId;
  readonly events: EventRange;
}

/** Events that a rolled-back outbox lacked, with the decision about the rollback. */
export type RolledBack = Gap;

/** An open ledger. */
export class LedgerFile implements Disposable {
  readonly path: string;
  readonly ledgerId: StoredId;
  readonly version: number;
  readonly totalLikes: bigint;
  /** Names the secret behind its pseudonyms; undefined before the first member. */
  readonly fingerprint: StoredId | undefined;
  /**
   * When the copy was made; undefined for a ledger that is no copy or that a primary has opened.
   */
  readonly copiedMs: number | undefined;
  /** Oldest first. */
  readonly decisions: readonly Decision[];
  /** Sorted by first sequence. */
  readonly gaps: readonly Gap[];
  /** Open troubles, oldest first. */
  readonly troubles: readonly LedgerTrouble[];
  /**
   * Incarnations with events that differ from the applied ones, and the decision to accept that.
   */
  readonly differing: ReadonlyMap<StoredId, number>;
  /** Oldest decision first. */
  readonly rolledBack: readonly RolledBack[];
  readonly counts: LedgerCounts;
  readonly #file: AuditedFile;
  readonly #incarnation: ReturnType<AuditedFile["query"]>;
  readonly #incarnations: ReturnType<AuditedFile["query"]>;
  readonly #member: ReturnType<AuditedFile["query"]>;
  readonly #members: ReturnType<AuditedFile["query"]>;

  /** Opens the ledger. Throws UnreadableFileError, or CorruptStoreError for invalid rows. */
  constructor(path: string) {
    this.path = path;
    this.#file = new AuditedFile(path, LEDGER);
    try {
      const incarnations =
        `SELECT ${idColumn("incarnation")}, ${idColumn("outbox_id")}, applied_sequence, ` +
        `${idColumn("digest")}, ${bounded("state", STATE_CHARS_MAX)} FROM incarnations`;
      const members =
        `SELECT ${idColumn("outbox_id")}, ${bounded("server_id", SERVER_ID_BYTES_MAX)}, ` +
        `${bounded("state", STATE_CHARS_MAX)}, applied_events, applied_likes ` +
        "FROM members";
      this.#incarnation = this.#file.query(`${incarnations} WHERE incarnation = ?`);
      this.#incarnations = this.#file.query(`${incarnations} ORDER BY ordinal`);
      this.#member = this.#file.query(`${members} WHERE outbox_id = ?`);
      this.#members = this.#file.query(`${members} ORDER BY ordinal`);
      this.counts = new LedgerCounts(this.#file);
      const [row] = this.#file.rows(
        `SELECT ${idColumn("ledger_id")}, version, total_likes, ${idColumn("fingerprint")}, ` +
          "copied_ms FROM ledger LIMIT 1",
      );
      if (row === undefined) throw new CorruptStoreError("the table ledger has no row");
      this.ledgerId = idOf(row, "ledger_id");
      this.version = whole(row, "version");
      this.totalLikes = likesOf(row, "total_likes");
      this.fingerprint = idIfAny(row, "fingerprint");
      this.copiedMs = timeOf(row, "copied_ms");
      this.decisions = this.#readDecisions();
      this.gaps = gapsOf(this.decisions);
      this.differing = differingOf(this.decisions);
      this.troubles = this.#readTroubles();
      this.rolledBack = this.#readRolledBack();
    } catch (error) {
      this.#file[Symbol.dispose]();
      throw error;
    }
  }

  #readDecisions(): readonly Decision[] {
    const rows = this.#file.rows(
      `SELECT number, ${bounded("kind", KIND_CHARS_MAX)}, ${bounded("trouble", KIND_CHARS_MAX)}, ` +
        `${idColumn("outbox_id")}, ${idColumn("incarnation")}, first_sequence, last_sequence, ` +
        "trouble_number FROM decisions ORDER BY number",
    );
    return rows.map((row) => ({
      number: whole(row, "number"),
      kind: textOf(row, "kind"),
      trouble: textOf(row, "trouble"),
      troubleNumber: whole(row, "trouble_number"),
      outboxId: textOf(row, "outbox_id"),
      incarnation: textOf(row, "incarnation"),
      events: rangeOf(row),
    }));
  }

  #readTroubles(): readonly LedgerTrouble[] {
    const rows = this.#file.rows(
      `SELECT number, ${bounded("kind", KIND_CHARS_MAX)}, ${idColumn("outbox_id")}, ` +
        `${idColumn("incarnation")}, first_sequence, last_sequence, ` +
        `${bounded("server_id", SERVER_ID_BYTES_MAX)} FROM troubles ` +
        "LEFT JOIN members USING (outbox_id) WHERE decided = 0 ORDER BY number",
    );
    return rows.map((row) => ({
      trouble: whole(row, "number"),
      kind: textOf(row, "kind"),
      outboxId: textOf(row, "outbox_id"),
      serverId: row["server_id"] === null ? "" : textOf(row, "server_id"),
      incarnation: textOf(row, "incarnation"),
      events: rangeOf(row),
    }));
  }

  #readRolledBack(): readonly RolledBack[] {
    const rows = this.#file.rows(
      `SELECT number, ${idColumn("incarnation")}, first_sequence, last_sequence FROM troubles ` +
        "WHERE decided = 1 AND kind = 'outbox_rolled_back' AND last_sequence > 0",
    );
    const byNumber = new Map(rows.map((row) => [whole(row, "number"), row]));
    return this.decisions.flatMap(({ number: decision, troubleNumber }) => {
      const row = byNumber.get(troubleNumber);
      if (row === undefined) return [];
      return [{ decision, events: rangeOf(row), incarnation: idOf(row, "incarnation") }];
    });
  }

  checkIntegrity(): void {
    this.#file.checkIntegrity();
  }

  /** Returns undefined for an unknown incarnation. */
  incarnation(incarnation: StoredId): LedgerIncarnation | undefined {
    const row = this.#incarnation.get(incarnation);
    return row === undefined ? undefined : incarnationOf(row);
  }

  /**
   * Returns whether the ledger still has the version that an outbox saw; false after a rollback.
   */
  reaches({ generation, version }: SeenVersion): boolean {
    const [row] = this.#file.rows(
      "SELECT (SELECT min(first_version) FROM generations WHERE ordinal > g.ordinal) AS next " +
        "FROM generations g WHERE generation = ?",
      generation,
    );
    if (row === undefined) return false;
    return row["next"] === null ? version <= this.version : version < whole(row, "next");
  }

  *incarnations(): Generator<LedgerIncarnation> {
    for (const row of this.#incarnations.iterate()) yield incarnationOf(row);
  }

  /** Returns undefined for an unknown outbox. */
  member(outboxId: StoredId): AuditedMember | undefined {
    const row = this.#member.get(outboxId);
    return row === undefined ? undefined : memberOf(row);
  }

  *members(): Generator<AuditedMember> {
    for (const row of this.#members.iterate()) yield memberOf(row);
  }

  [Symbol.dispose](): void {
    this.#file[Symbol.dispose]();
  }
}

function incarnationOf(row: Row): LedgerIncarnation {
  return {
    incarnation: idOf(row, "incarnation"),
    outboxId: idOf(row, "outbox_id"),
    appliedSequence: whole(row, "applied_sequence"),
    digest: idOf(row, "digest"),
    isRetired: textOf(row, "state") === "retired",
  };
}

function memberOf(row: Row): AuditedMember {
  return {
    outboxId: idOf(row, "outbox_id"),
    serverId: textOf(row, "server_id"),
    isKnown: textOf(row, "state") === "member",
    isRetired: textOf(row, "state") === "retired",
    appliedEvents: whole(row, "applied_events"),
    appliedLikes: likesOf(row, "applied_likes"),
  };
}

function rangeOf(row: Row): EventRange {
  return { first: whole(row, "first_sequence"), last: whole(row, "last_sequence") };
}

function gapsOf(decisions: readonly Decision[]): readonly Gap[] {
  return decisions
    .filter(({ kind, trouble, events }) => {
      return kind === "resolve" && trouble === "gap" && events.last > 0;
    })
    .map(({ number, incarnation, events }) => ({ decision: number, incarnation, events }))
    .toSorted((a, b) => a.events.first - b.events.first);
}

function differingOf(decisions: readonly Decision[]): ReadonlyMap<StoredId, number> {
  const about = decisions.filter(({ trouble }) => trouble === "digest_differs");
  return new Map(about.map(({ incarnation, number }) => [incarnation, number]));
}
