/** Reads what an outbox has accepted, from another process than the one that holds it. */
import { assert } from "../../assert.ts";
import { acceptedOf } from "../../core/likes_server/outbox.ts";
import { LikesError, messageOf } from "../../errors.ts";
import { Database } from "../sqlite/sqlite.ts";
import type { OutboxHead } from "./outbox_columns.ts";
import { OUTBOX_KIND, readOutboxHead, recordsOf } from "./outbox_tables.ts";
import { databasePath, checkKind } from "../sqlite/sqlite_kind.ts";
import { recordOf } from "./verify_records.ts";
import type { LikeEvent } from "../../core/protocol/like_event.ts";
import type { RecordCodec } from "../../core/protocol/record.ts";
import type { IncarnationId, OutboxId } from "../../core/protocol/ids.ts";

/** All that an outbox has ever accepted, removed events included. */
export interface OutboxTally {
  readonly outboxId: OutboxId;
  readonly serverId: string;
  readonly events: number;
  readonly likes: bigint;
  /** The newest mark of a client; undefined before the first. */
  readonly mark: string | undefined;
  /** Events left to deliver: unacknowledged, in incarnations that are not closed. */
  readonly pendingEvents: number;
}

/**
 * Reads the tally of the outbox in `folder`, from one snapshot. Takes no lock, so its process may
 * run or may have ended in any way. Changes no data. Throws LikesError `undecided` when there is no
 * outbox, or it cannot be read.
 */
export function readOutbox(folder: string): OutboxTally {
  return readFrom(folder, (database) => tallyOf(readOutboxHead(database)));
}

/** Events of an incarnation that follow those that were read before. */
export interface NewEvents {
  readonly incarnation: IncarnationId;
  /** The sequence of the last of them. */
  readonly last: number;
  readonly events: readonly LikeEvent[];
}

/**
 * Reads the events of an outbox after the sequences in `read`, as far as the outbox retains them.
 * Throws as readOutbox().
 */
export function readEventsAfter(
  folder: string,
  read: ReadonlyMap<IncarnationId, number>,
  codec: RecordCodec,
): readonly NewEvents[] {
  return readFrom(folder, (database) => {
    return readOutboxHead(database).incarnations.map(({ incarnation, last }) => {
      const after = read.get(incarnation) ?? 0;
      const isNew = last.sequence > after;
      const events = isNew ? eventsAfter(database, incarnation, { after, codec }) : [];
      return { incarnation, last: last.sequence, events };
    });
  });
}

function eventsAfter(
  database: Database,
  incarnation: IncarnationId,
  { after, codec }: { readonly after: number; readonly codec: RecordCodec },
): readonly LikeEvent[] {
  const events: LikeEvent[] = [];
  for (const row of recordsOf(database, incarnation, after)) {
    for (const event of codec.decode(recordOf(row).bytes) ?? []) {
      if (event !== undefined) events.push(event);
    }
  }
  return events;
}

/** Runs `work` on one snapshot of the outbox in `folder`. */
function readFrom<T>(folder: string, work: (database: Database) => T): T {
  const path = databasePath(folder, OUTBOX_KIND);
  try {
    const database = new Database(path, { isReadOnly: true });
    try {
      database.exec("BEGIN");
      assert(checkKind(database, path, OUTBOX_KIND) === "known", "the outbox has its tables");
      return work(database);
    } finally {
      database.close();
    }
  } catch (error) {
    throw new LikesError(
      "undecided",
      `Cannot read the outbox of ${JSON.stringify(folder)}: ${messageOf(error)}; ` +
        `check that it is the folder of a LikesServer`,
      { cause: error },
    );
  }
}

function tallyOf(head: OutboxHead): OutboxTally {
  const { outboxId, serverId, purged, incarnations, mark } = head;
  const pending = incarnations.filter(({ closed }) => !closed);
  return {
    outboxId,
    serverId,
    ...acceptedOf(purged, incarnations),
    mark,
    pendingEvents: pending.reduce(
      (sum, { last, acknowledged }) => sum + last.sequence - acknowledged.sequence,
      0,
    ),
  };
}
