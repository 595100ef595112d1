/** Opens the outbox of a LikesServer, in its data folder. */
import { join } from "node:path";
import { LikesError } from "../errors.ts";
import { SERVER_IDS_TRIED_MAX } from "../limits.ts";
import type { OutboxStore } from "../core/likes_server/outbox.ts";
import type { WriteFailure } from "../core/protocol/write_failure.ts";
import type { Fingerprint } from "../core/protocol/ids.ts";
import { fingerprintOf } from "../format/pseudonym.ts";
import { recordCodec } from "../format/record_codec.ts";
import { SECRET_FILE } from "../store/shared_files.ts";
import { mintId } from "../store/mint_id.ts";
import { secretIn } from "../store/secret_file.ts";
import { openSqliteOutbox } from "../store/outbox/sqlite_outbox.ts";

/** An outbox whose lock this process holds. */
export interface OpenOutbox {
  readonly serverId: string;
  readonly store: OutboxStore;
  /** The secret behind the pseudonyms of persons. All LikesServers of a data folder share it. */
  readonly secret: Uint8Array;
}

/**
 * Opens the outbox of `serverId` in `dataDir`; without an id, that of the lowest `likes-server-N`
 * that no other process holds. Throws the LikesErrors of `openSqliteOutbox`, `secret_differs` when
 * the outbox was admitted with another secret, and `store_locked` when SERVER_IDS_TRIED_MAX ids are
 * in use.
 */
export function openOutbox(dataDir: string, serverId: string | undefined): OpenOutbox {
  if (serverId !== undefined) return withSecret(dataDir, serverId, open(dataDir, serverId));
  for (let number = 0; number < SERVER_IDS_TRIED_MAX; number++) {
    const candidate = `likes-server-${number}`;
    try {
      return withSecret(dataDir, candidate, open(dataDir, candidate));
    } catch (error) {
      if (!(error instanceof LikesError && error.code === "store_locked")) throw error;
    }
  }
  const message =
    "Cannot find a free id: likes-server-0 to " +
    `likes-server-${SERVER_IDS_TRIED_MAX - 1} in ${dataDir} are in use; give --id ` +
    "or another --data-dir";
  throw new LikesError("store_locked", message);
}

/** Closes the store when the secret cannot be read, or is not that of the outbox. */
function withSecret(dataDir: string, serverId: string, store: OutboxStore): OpenOutbox {
  try {
    const secret = secretIn(dataDir);
    expectSecret(store, fingerprintOf(secret), join(dataDir, SECRET_FILE));
    return { serverId, store, secret };
  } catch (error) {
    store.close();
    throw error;
  }
}

/** With another secret each person would count again. */
function expectSecret({ state }: OutboxStore, found: Fingerprint, path: string): void {
  const { serverId, fingerprint = found } = state;
  if (fingerprint === found) return;
  const message =
    `Cannot start ${serverId}: ${JSON.stringify(path)} has fingerprint ${found}, and its outbox ` +
    `was admitted with ${fingerprint}; restore that file from a backup, or copy it from the data ` +
    "folder of another LikesServer of the ledger";
  throw new LikesError("secret_differs", message);
}

function open(dataDir: string, serverId: string): OutboxStore {
  return openSqliteOutbox(join(dataDir, serverId), serverId, mintId(), {
    codec: recordCodec,
  });
}

/** Returns the LikesError of a start whose incarnation could not be written. */
export function cannotMint(why: WriteFailure, serverId: string): LikesError {
  const cannot = `Cannot start ${serverId}:`;
  if (why === "disk_full") {
    return new LikesError(
      "disk_full",
      `${cannot} its disk is full; free some space, or raise a quota`,
    );
  }
  const message = `${cannot} another program is writing to its outbox; end that program`;
  return new LikesError("store_busy", message);
}
