/**
 * docs/PROTOCOL.md from the other side: a small LikesServer in Python, written from the page,
 * delivers to the built primary. Needs Debian's python3-grpcio and python3-grpc-tools.
 */
import { spawnSync } from "node:child_process";
import { test } from "uvu";
import * as assert from "uvu/assert";
import { pageText, rowsUnder } from "../docs/page_text.ts";
import { Counter } from "../fixtures/roles.ts";

/** Debian's Python, which finds Debian's packages whatever comes first in PATH. */
const PYTHON = "/usr/bin/python3";
const LIMIT_MS = 30_000;

test("a LikesServer in Python is admitted, delivers exactly once and leaves", async () => {
  if (python(["-c", "import grpc, grpc_tools"]).status !== 0) {
    console.log("python3-grpcio is not installed: a LikesServer in Python is not tested here");
    return;
  }
  await using counter = new Counter();
  await counter.startPrimary();
  const out = [`--python_out=${counter.folder}`, `--grpc_python_out=${counter.folder}`];
  const protos = ["likes/v1/like_event.proto", "likes/v1/primary_service.proto"];
  expectDone(python(["-m", "grpc_tools.protoc", "-I", "proto", ...out, ...protos]));

  const program = ["test/fixtures/likes_server.py", counter.folder, counter.primary];
  const lines = expectDone(python(program)).trimEnd().split("\n");
  const [, , , digest = ""] =
    rowsUnder(pageText("docs/PROTOCOL.md"), "Worked example").at(-1) ?? [];
  assert.is(lines[0], `example ${digest.replaceAll("`", "")}`);
  assert.is(lines[1], "ack 0 True False False");
  assert.is(lines.at(-1), "ack 4 False True True");

  const { totalLikes, servers } = await counter.status();
  assert.is(totalLikes, 1_000_006n);
  assert.equal(servers, []);
  const { stdout } = await counter.likes(["count", "--primary", counter.primary]);
  assert.match(stdout, /^video +6$/m);
});

function python(args: readonly string[]) {
  return spawnSync(PYTHON, args, { encoding: "utf8", timeout: LIMIT_MS });
}

function expectDone({ status, stdout, stderr }: ReturnType<typeof python>): string {
  assert.is(status, 0, stderr);
  return stdout;
}

test.run();
