/**
 * The socket of the operator's commands: a file in the primary's data folder, for its owner alone. So
 * who may decide is who may write the ledger, and nothing that is decided there can be reached by the
 * network.
 *
 * A primary that was killed leaves the file behind. The next one takes it away, which is safe: it holds
 * the lock on the ledger beside it, so nobody listens there.
 */
import { Buffer } from "node:buffer";
import { lstatSync, rmSync } from "node:fs";
import { join } from "node:path";
import { LikesError, messageOf } from "../../errors.ts";
import { SOCKET_PATH_BYTES_MAX } from "../../limits.ts";
import { operatorService } from "./operator_service.ts";
import type { OperatorServiceHandler } from "./operator_service.ts";
import { RpcServer } from "./server.ts";

/** Where the primary of a data folder takes the commands of its operator. */
export function operatorSocketPath(dataDir: string): string {
  return join(dataDir, "primary", "operator.sock");
}

/** Says why no socket can be at `path`, and the way out; undefined when one can. */
export function checkSocketPath(path: string): string | undefined {
  const bytes = Buffer.byteLength(path);
  if (bytes <= SOCKET_PATH_BYTES_MAX) return undefined;
  return (
    `its path has ${bytes} bytes, and that of a socket at most ${SOCKET_PATH_BYTES_MAX}; give a ` +
    "shorter --data-dir to the primary and to its commands, such as a link to the folder"
  );
}

/**
 * Serves OperatorService at `path`. The caller holds the lock on what lies beside it. Throws LikesError
 * `port_taken` when there can be no socket.
 */
export async function serveOperator(
  path: string,
  port: OperatorServiceHandler,
): Promise<RpcServer> {
  const options = { service: "likes.v1.OperatorService", reflect: false };
  const server = new RpcServer(options, operatorService(port));
  try {
    const refusal = checkSocketPath(path);
    if (refusal !== undefined) throw new Error(refusal);
    removeStale(path);
    await server.listenAt(path);
  } catch (cause) {
    await server.close();
    const reason = messageOf(cause).replace(/^listen /, "");
    const message = `Cannot take commands of an operator at ${JSON.stringify(path)}: ${reason}`;
    throw new LikesError("port_taken", message, { cause });
  }
  server.setHealth(true);
  return server;
}

/** What else may be there is not ours to remove: listening says that the path is taken. */
function removeStale(path: string): void {
  if (lstatSync(path, { throwIfNoEntry: false })?.isSocket() === true) rmSync(path);
}
