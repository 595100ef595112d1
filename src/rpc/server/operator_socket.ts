/**
 * Serves the operator's commands on a Unix socket in the primary's data folder. Only the owner of
 * that folder can use it: whoever may decide may also write the ledger. The network cannot reach
 * it.
 *
 * A killed primary leaves the file behind. The next one removes it, once it holds the lock on the
 * ledger beside the file. No other primary holds that lock then. But a primary that opens its
 * ledger again does not hold the lock either, and still listens. A second primary that starts then
 * replaces the file, and operators reach that one.
 */
import { Buffer } from "node:buffer";
import { lstatSync, rmSync } from "node:fs";
import { join } from "node:path";
import { LikesError, messageOf } from "../../errors.ts";
import { SOCKET_PATH_BYTES_MAX } from "../../limits.ts";
import { operatorService } from "./operator_service.ts";
import type { OperatorServiceHandler } from "./operator_service.ts";
import { RpcServer } from "./server.ts";

/** Returns the path of the socket of the primary in `dataDir`. */
export function operatorSocketPath(dataDir: string): string {
  return join(dataDir, "primary", "operator.sock");
}

/** Returns why no socket can be at `path`, and the way out; undefined when one can. */
export function checkSocketPath(path: string): string | undefined {
  const bytes = Buffer.byteLength(path);
  if (bytes <= SOCKET_PATH_BYTES_MAX) return undefined;
  return (
    `its path has ${bytes} bytes, and a socket's may have ${SOCKET_PATH_BYTES_MAX}; give the ` +
    "primary and its commands a shorter --data-dir, such as a link to the folder"
  );
}

/**
 * Serves OperatorService at `path`. The caller holds the lock on the ledger beside it. Throws
 * LikesError `port_taken` when the socket cannot be created.
 */
export async function serveOperator(
  path: string,
  handler: OperatorServiceHandler,
): Promise<RpcServer> {
  const options = { service: "likes.v1.OperatorService", reflect: false };
  const server = new RpcServer(options, operatorService(handler));
  try {
    const refusal = checkSocketPath(path);
    if (refusal !== undefined) throw new Error(refusal);
    removeStale(path);
    await server.listenAt(path);
  } catch (cause) {
    await server.close();
    const reason = messageOf(cause).replace(/^listen /, "");
    const message = `Cannot listen for operator commands at ${JSON.stringify(path)}: ${reason}`;
    throw new LikesError("port_taken", message, { cause });
  }
  server.setHealth(true);
  return server;
}

/** Removes a stale socket. Anything else at `path` stays, and listening fails. */
function removeStale(path: string): void {
  if (lstatSync(path, { throwIfNoEntry: false })?.isSocket() === true) rmSync(path);
}
