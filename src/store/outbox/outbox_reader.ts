/** Reads what an outbox has accepted, from another process than the one that holds it. */
import { assert } from "../../assert.ts";
import { acceptedOf } from "../../core/likes_server/outbox.ts";
import { LikesError, messageOf } from "../../errors.ts";
import { Database } from "../sqlite/sqlite.ts";
import type { OutboxHead } from "./outbox_columns.ts";
import { OUTBOX_KIND, readOutboxHead } from "./outbox_tables.ts";
import { databasePath, checkKind } from "../sqlite/sqlite_kind.ts";
import type { OutboxId } from "../../core/protocol/ids.ts";

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
  const path = databasePath(folder, OUTBOX_KIND);
  try {
    const database = new Database(path, { isReadOnly: true });
    try {
      database.exec("BEGIN");
      return readTally(database, path);
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

function readTally(database: Database, path: string): OutboxTally {
  assert(checkKind(database, path, OUTBOX_KIND) === "known", "the outbox has its tables");
  return tallyOf(readOutboxHead(database));
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
