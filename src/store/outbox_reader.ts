/** Reads what an outbox has accepted, from outside of the process that holds it or held it. */
import type Database from "better-sqlite3";
import { assert } from "../assert.ts";
import { acceptedOf } from "../core/outbox.ts";
import type { Id } from "../core/record.ts";
import { LikesError, messageOf } from "../errors.ts";
import { Sqlite } from "./better_sqlite.ts";
import { OUTBOX_KIND, readOutboxHead } from "./outbox_tables.ts";
import type { OutboxHead } from "./outbox_tables.ts";
import { databasePath, recognise } from "./sqlite_kind.ts";

/** What an outbox has accepted since it exists, trimmed and closed events included. */
export interface OutboxTally {
  readonly outboxId: Id;
  readonly serverId: string;
  readonly events: number;
  readonly likes: bigint;
  /** Those of the events that generators gave. */
  readonly generatedEvents: number;
  /** Events that it still holds: not acknowledged, or acknowledged and not trimmed yet. */
  readonly pendingEvents: number;
}

/**
 * Reads the tally of the outbox in `folder`, as it was at one moment, without its lock: while its
 * process runs, or after it ended, however it ended. Changes no data. Throws LikesError `undecided`
 * when there is no outbox or it cannot be read.
 */
export function readOutbox(folder: string): OutboxTally {
  const path = databasePath(folder, OUTBOX_KIND);
  try {
    const database = new Sqlite(path, { readonly: true, fileMustExist: true });
    try {
      return database.transaction(() => readTally(database, path))();
    } finally {
      database.close();
    }
  } catch (error) {
    throw new LikesError(
      "undecided",
      `Cannot read the outbox of ${JSON.stringify(folder)}: ${messageOf(error)}; ` +
        `check that the folder is that of a LikesServer`,
      { cause: error },
    );
  }
}

function readTally(database: Database.Database, path: string): OutboxTally {
  database.defaultSafeIntegers(true);
  assert(recognise(database, path, OUTBOX_KIND) === "known", "the outbox has its tables");
  return tallyOf(readOutboxHead(database));
}

function tallyOf({ outboxId, serverId, closed, incarnations, generator }: OutboxHead): OutboxTally {
  const held = incarnations.map(({ trimmed, last }) => last.sequence - trimmed.sequence);
  return {
    outboxId,
    serverId,
    ...acceptedOf(closed, incarnations),
    generatedEvents: generator?.events ?? 0,
    pendingEvents: held.reduce((sum, events) => sum + events, 0),
  };
}
