/** A ledger as it is audited: its sums, how far it has applied what, and what was decided. */
// tidy: no test because audit_ledger_test.ts goes through it
import { ITEM_ID_BYTES_MAX, SERVER_ID_CHARS_MAX } from "../limits.ts";
import { AuditedFile, bounded, idColumn, idOf, likesOf, textOf, whole } from "./audited_file.ts";
import type { AuditedKind, Row } from "./audited_file.ts";
import type { Id } from "./report.ts";
import { Unsound } from "./unsound.ts";

const LEDGER: AuditedKind = {
  name: "ledger",
  applicationId: 0x4c6b4c47n,
  tables: ["ledger", "members", "incarnations", "decisions", "items"],
};

/** Bytes of the longest label of a LikesServer. */
const SERVER_ID_BYTES_MAX = 4 * SERVER_ID_CHARS_MAX;
/** Letters of the longest state that there is. */
const STATE_CHARS_MAX = 16;

/** How far the ledger has applied an incarnation. */
export interface AppliedIncarnation {
  readonly incarnation: Id;
  readonly outboxId: Id;
  readonly appliedSequence: number;
  readonly digest: Id;
  /** An operator said that nothing more of it will come. */
  readonly isRetired: boolean;
}

/** An outbox that the ledger knows. */
export interface AuditedMember {
  readonly outboxId: Id;
  readonly serverId: string;
  /** Neither left nor retired. */
  readonly isKnown: boolean;
  readonly appliedLikes: bigint;
}

/** Events that are not counted, by a decision, although what follows them is. */
export interface Gap {
  readonly decision: number;
  readonly incarnation: Id;
  readonly firstSequence: number;
  readonly lastSequence: number;
}

/** An open ledger. */
export class LedgerFile implements Disposable {
  readonly path: string;
  readonly ledgerId: Id;
  readonly version: number;
  readonly totalLikes: bigint;
  /** In the order of their sequences. */
  readonly gaps: readonly Gap[];
  readonly #file: AuditedFile;
  readonly #incarnation: ReturnType<AuditedFile["query"]>;
  readonly #incarnations: ReturnType<AuditedFile["query"]>;
  readonly #member: ReturnType<AuditedFile["query"]>;
  readonly #members: ReturnType<AuditedFile["query"]>;
  readonly #items: ReturnType<AuditedFile["query"]>;

  /** Opens it. Throws Unreadable, or Unsound when its few rows make no sense. */
  constructor(path: string) {
    this.path = path;
    this.#file = new AuditedFile(path, LEDGER);
    try {
      const incarnations =
        `SELECT ${idColumn("incarnation")}, ${idColumn("outbox_id")}, applied_sequence, ` +
        `${idColumn("digest")}, ${bounded("state", STATE_CHARS_MAX)} FROM incarnations`;
      const members =
        `SELECT ${idColumn("outbox_id")}, ${bounded("server_id", SERVER_ID_BYTES_MAX)}, ` +
        `${bounded("state", STATE_CHARS_MAX)}, applied_likes FROM members`;
      this.#incarnation = this.#file.query(`${incarnations} WHERE incarnation = ?`);
      this.#incarnations = this.#file.query(`${incarnations} ORDER BY ordinal`);
      this.#member = this.#file.query(`${members} WHERE outbox_id = ?`);
      this.#members = this.#file.query(`${members} ORDER BY ordinal`);
      this.#items = this.#file.query(
        `SELECT ${bounded("item_id", ITEM_ID_BYTES_MAX)}, likes FROM items ORDER BY items.item_id`,
      );
      const [row] = this.#file.rows(
        `SELECT ${idColumn("ledger_id")}, version, total_likes FROM ledger LIMIT 1`,
      );
      if (row === undefined) throw new Unsound("the ledger has no row of its own");
      this.ledgerId = idOf(row, "ledger_id");
      this.version = whole(row, "version");
      this.totalLikes = likesOf(row, "total_likes");
      this.gaps = this.#readGaps();
    } catch (error) {
      this.#file[Symbol.dispose]();
      throw error;
    }
  }

  #readGaps(): readonly Gap[] {
    const rows = this.#file.rows(
      `SELECT number, ${idColumn("incarnation")}, first_sequence, last_sequence FROM decisions ` +
        "WHERE kind = 'resolve' AND trouble = 'gap' AND last_sequence > 0 " +
        "ORDER BY incarnation, first_sequence",
    );
    return rows.map((row) => ({
      decision: whole(row, "number"),
      incarnation: idOf(row, "incarnation"),
      firstSequence: whole(row, "first_sequence"),
      lastSequence: whole(row, "last_sequence"),
    }));
  }

  checkIntegrity(): void {
    this.#file.checkIntegrity();
  }

  /** Undefined for an incarnation that it never met. */
  incarnation(incarnation: Id): AppliedIncarnation | undefined {
    const row = this.#incarnation.get(incarnation);
    return row === undefined ? undefined : incarnationOf(row);
  }

  *incarnations(): Generator<AppliedIncarnation> {
    for (const row of this.#incarnations.iterate()) yield incarnationOf(row);
  }

  /** Undefined for an outbox that it never met. */
  member(outboxId: Id): AuditedMember | undefined {
    const row = this.#member.get(outboxId);
    return row === undefined ? undefined : memberOf(row);
  }

  *members(): Generator<AuditedMember> {
    for (const row of this.#members.iterate()) yield memberOf(row);
  }

  /** Every item that has its likes, ordered by its bytes. */
  *items(): Generator<{ readonly itemId: string; readonly likes: bigint }> {
    for (const row of this.#items.iterate()) {
      yield { itemId: textOf(row, "item_id"), likes: likesOf(row, "likes") };
    }
  }

  [Symbol.dispose](): void {
    this.#file[Symbol.dispose]();
  }
}

function incarnationOf(row: Row): AppliedIncarnation {
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
    appliedLikes: likesOf(row, "applied_likes"),
  };
}
