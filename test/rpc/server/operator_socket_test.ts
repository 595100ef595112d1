import { once } from "node:events";
import { existsSync, linkSync, renameSync, statSync, writeFileSync } from "node:fs";
import { connect } from "node:net";
import { join } from "node:path";
import { test } from "uvu";
import * as assert from "uvu/assert";
import { CONNECTION_IDLE_MAX_MS, SOCKET_PATH_BYTES_MAX } from "../../../src/limits.ts";
import { monotonicMs } from "../../../src/monotonic.ts";
import { OperatorClient } from "../../../src/rpc/client/operator_client.ts";
import {
  operatorSocketPath,
  checkSocketPath,
  serveOperator,
} from "../../../src/rpc/server/operator_socket.ts";
import { becomes, within } from "../../fixtures/eventually.ts";
import { temporaryFolder } from "../../fixtures/temporary_folder.ts";
import { faultOf } from "../../store/faults.ts";
import { serveDecided } from "../operator_fixture.ts";

const LIMIT_MS = 5_000;
const PREFACE = "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n";
const PORT = { decide: (): void => {}, troublesOf: () => [] };

test("operatorSocketPath() is beside the ledger", () => {
  assert.is(operatorSocketPath("/a/b"), "/a/b/primary/operator.sock");
});

test("serveOperator() creates a socket for its owner only when the umask is open", async () => {
  const umask = process.umask(0);
  try {
    await using decided = await serveDecided(undefined);
    const { mode } = statSync(decided.path);
    assert.is(mode & 0o777, 0o600);
    writeFileSync(`${decided.path}.other`, "");
    assert.is(
      statSync(`${decided.path}.other`).mode & 0o777,
      0o666,
      "other files get the old umask",
    );
  } finally {
    process.umask(umask);
  }
});

test("serveOperator() replaces the socket of a killed process", async () => {
  await using folder = temporaryFolder();
  const path = join(folder.path, "operator.sock");
  const kept = join(folder.path, "kept");
  const killed = await serveOperator(path, PORT);
  linkSync(path, kept); // closing removes the file, a kill does not
  await killed.close();
  renameSync(kept, path);
  const server = await serveOperator(path, PORT);
  const socket = connect(path);
  await within("a connection", once(socket, "connect"));
  socket.destroy();
  await server.close();
  assert.not(existsSync(path), "a clean stop leaves nothing");
});

test("serveOperator() keeps a file that is not a socket, and names it", async () => {
  await using folder = temporaryFolder();
  const path = join(folder.path, "operator.sock");
  writeFileSync(path, "mine");
  const { message } = await faultOf("port_taken", () => serveOperator(path, PORT));
  assert.match(
    message,
    `Cannot listen for operator commands at ${JSON.stringify(path)}: EADDRINUSE`,
  );
  assert.ok(existsSync(path));
});

test("serveOperator() names the way out when the path is too long", async () => {
  await using folder = temporaryFolder();
  const name = "a".repeat(SOCKET_PATH_BYTES_MAX - folder.path.length - 1);
  const longest = join(folder.path, name);
  assert.is(longest.length, SOCKET_PATH_BYTES_MAX);
  assert.is(checkSocketPath(longest), undefined);
  const server = await serveOperator(longest, PORT);
  assert.ok(existsSync(longest), "under its whole name");
  await server.close();
  const { message } = await faultOf("port_taken", () => serveOperator(`${longest}a`, PORT));
  assert.match(message, "its path has 108 bytes, and a socket's may have 107");
  assert.match(message, "a shorter --data-dir");
});

test("serveOperator() cuts an idle connection without an address, but no busy one", async () => {
  await using decided = await serveDecided(undefined);
  const { path, server, requests } = decided;
  const idle = connect(path);
  idle
    .on("error", () => {})
    .resume()
    .write(PREFACE);
  await within("a connection", once(idle, "connect"));
  const busy = new OperatorClient(path);
  const answer = faultOf("outcome_unknown", () => busy.resolve(1, "", LIMIT_MS));
  await becomes("both there", () => requests.length === 1 && server.load.connections === 2);
  server.sweep(monotonicMs() + 2 * CONNECTION_IDLE_MAX_MS);
  await within("the end of the idle one", once(idle, "close"));
  await becomes("one left", () => server.load.connections === 1);
  assert.is(server.load.calls, 1, "the other still waits for its answer");
  await server.close();
  await answer;
  busy.close();
});

test.run();
