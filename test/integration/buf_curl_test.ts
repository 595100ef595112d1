/** An independent client, not in JavaScript, uses every service by reflection alone. */
import { existsSync, readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { test } from "uvu";
import * as assert from "uvu/assert";
import { STATUS } from "../../src/errors.ts";
import { buf } from "../fixtures/buf.ts";
import { testId } from "../store/faults.ts";
import { Counter } from "../fixtures/roles.ts";
import { CURL_LINES, PRIMARY_PORT, bufArguments, grpcurlLine } from "./buf_curl_lines.ts";

const README = fileURLToPath(new URL("../../README.md", import.meta.url));
const REFLECTIONS = ["grpc-v1", "grpc-v1alpha"];
/** buf exits with 8 times the gRPC status. */
const DEADLINE = 8 * STATUS.DEADLINE_EXCEEDED;
const BASE = ["curl", "--protocol", "grpc", "--http2-prior-knowledge"];

/** Text in the answer to each line. */
const ANSWERS: Readonly<Record<string, string>> = {
  list: "likes.v1.PrimaryService",
  "describe likes.v1.PrimaryService": "likes.v1.PrimaryService/StreamLikes",
  "likes.v1.PrimaryService/Status": '"convergence":"CONVERGENCE_CONVERGED"',
  "likes.v1.PrimaryService/GetCounts": '"itemId":"video"',
  "likes.v1.LikesService/AddLikes": '"serverId":"a"',
  "likes.v1.LikesService/GetTotal": '"totalLikes":"',
  "likes.v1.LikesService/GetCachedCounts": '"itemId":"video","likes":"',
  "grpc.health.v1.Health/Check": '"status":"SERVING"',
};

for (const reflection of REFLECTIONS) {
  test(`buf curl makes README's calls when it reflects by ${reflection}`, async () => {
    await using counter = new Counter();
    await counter.startPrimary();
    const a = await counter.startAccepting("a");
    for (const line of CURL_LINES) {
      const address = line.port === PRIMARY_PORT ? counter.primary : a.address;
      const args = [...bufArguments(line, address), "--reflect-protocol", reflection];
      const streams = line.what.endsWith("/Status");
      const { code, stdout, stderr } = await buf([...args, "--timeout", streams ? "2s" : "20s"]);
      const expected = ANSWERS[line.what] ?? "nothing is expected";
      assert.ok(compact(stdout).includes(expected), `${grpcurlLine(line)}\n${stdout}${stderr}`);
      assert.is(code, streams ? DEADLINE : 0, stderr);
    }
    const list = [...BASE, "--list-services", `http://${a.address}`];
    const { stdout } = await buf([...list, "--reflect-protocol", reflection]);
    for (const service of ["likes.v1.LikesService", "grpc.health.v1.Health"]) {
      assert.ok(stdout.includes(service), stdout);
    }
  });

  test(`buf curl speaks the delivery protocol when it reflects by ${reflection}`, async () => {
    await using counter = new Counter();
    await counter.startPrimary();
    const hello = {
      protocol_version: 1,
      server_id: "by-hand",
      outbox_id: testId(1),
      incarnation: testId(2),
      fingerprint: testId(3),
    };
    const url = `http://${counter.primary}/likes.v1.PrimaryService/StreamLikes`;
    const args = [...BASE, "--data", "@-", "--reflect-protocol", reflection, "--timeout", "10s"];
    const input = `${JSON.stringify({ hello })}\n`;
    const { code, stdout, stderr } = await buf([...args, url], { input, until: '"welcome"' });
    assert.is(code, 0, stderr);
    const { ledgerId } = await counter.status();
    assert.ok(compact(stdout).includes(`"ledgerId":"${ledgerId}"`), stdout);
  });
}

test("README shows exactly the calls of this test", () => {
  const readme = existsSync(README) ? readFileSync(README, "utf8") : "";
  const shown = readme.split("\n").filter((line) => line.startsWith("grpcurl "));
  if (shown.length === 0) {
    console.log("README has no grpcurl lines: nothing to compare");
    return;
  }
  assert.equal(shown, CURL_LINES.map(grpcurlLine));
});

/** Removes the spaces that buf adds to JSON. */
function compact(json: string): string {
  return json.replaceAll(/\s+/g, "");
}

test.run();
