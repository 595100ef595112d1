import { join } from "node:path";
import { writeFileSync } from "node:fs";
import { test } from "uvu";
import * as assert from "uvu/assert";
import { EXIT, FAULTS } from "../../../src/errors.ts";
import { OperatorClient } from "../../../src/rpc/client/operator_client.ts";
import { becomes, within } from "../../fixtures/eventually.ts";
import { temporaryFolder } from "../../fixtures/temporary_folder.ts";
import { faultOf } from "../../store/faults.ts";
import { serveDecided } from "../operator_fixture.ts";

const LIMIT_MS = 60_000;
/** Long enough to connect on a busy machine. */
const LATE_MS = 2_000;

test("OperatorClient names the path and the way out when there is no socket", async () => {
  await using folder = temporaryFolder();
  const path = join(folder.path, "primary", "operator.sock");
  const fault = await faultOf("peer_unreachable", () => new OperatorClient(path));
  assert.match(fault.message, JSON.stringify(path));
  assert.match(fault.message, "start the primary, or give its --data-dir");
  assert.is(FAULTS[fault.code].exit, EXIT.unreachable);
});

test("OperatorClient names the longest path when the path is too long", async () => {
  const path = `/${"a".repeat(200)}`;
  const fault = await faultOf("peer_unreachable", () => new OperatorClient(path));
  assert.match(fault.message, "its path has 201 bytes, and a socket's may have 107");
});

test("resolve() throws peer_unreachable when a killed primary left its socket", async () => {
  await using folder = temporaryFolder();
  const path = join(folder.path, "operator.sock");
  writeFileSync(path, ""); // refuses connections, like the socket of a dead process
  const client = new OperatorClient(path);
  const fault = await faultOf("peer_unreachable", () => client.resolve(1, "", LIMIT_MS));
  assert.match(fault.message, "nothing answers there; start the primary, or");
  client.close();
});

test("retire() throws outcome_unknown when no answer comes", async () => {
  await using decided = await serveDecided(undefined);
  const client = new OperatorClient(decided.path);
  const late = await faultOf("outcome_unknown", () => client.retire("a", "", LATE_MS));
  assert.match(late.message, "no answer in time");
  const cut = faultOf("outcome_unknown", () => client.retire("b", "", LIMIT_MS));
  await becomes("the request arrived", () => decided.requests.length === 2);
  await decided.server.close();
  assert.match((await within("the end", cut)).message, "nothing is decided twice");
  client.close();
});

test.run();
