import { existsSync, mkdirSync, readFileSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "uvu";
import * as assert from "uvu/assert";
import { LikesError } from "../../src/errors.ts";
import { openLogFile } from "../../src/log/log_file.ts";
import { takeRunLogs } from "../../src/demo/run_logs.ts";
import { temporaryFolder } from "../fixtures/temporary_folder.ts";

const SERVERS = ["likes-server-0", "likes-server-1"];

function leave(logDir: string, name: string, text: string): string {
  mkdirSync(join(logDir, name), { recursive: true, mode: 0o700 });
  const path = join(logDir, name, "log.txt");
  writeFileSync(path, text);
  return path;
}

test("takeRunLogs() empties the logs of earlier roles in place, and counts them", async () => {
  await using folder = temporaryFolder();
  const paths = ["ParentProcessStatus", "LikesServer1"].map((name) => {
    return leave(folder.path, name, "of an earlier run\n");
  });
  leave(folder.path, "LikesServer0", "");
  const stranger = leave(folder.path, "LikesServer2", "not of this run\n");
  const inodes = paths.map((path) => statSync(path).ino);
  const { log, emptied } = takeRunLogs(folder.path, SERVERS);
  assert.is(emptied, 2);
  for (const path of paths) assert.is(readFileSync(path, "utf8"), "");
  assert.equal(
    paths.map((path) => statSync(path).ino),
    inodes,
  );
  assert.is(readFileSync(stranger, "utf8"), "not of this run\n");
  assert.ok(existsSync(join(folder.path, "PrimaryLikesServer", "log.txt")));
  log.close();
});

test("takeRunLogs() empties no log when another run has one of them", async () => {
  await using folder = temporaryFolder();
  const path = leave(folder.path, "PrimaryLikesServer", "of an earlier run\n");
  const held = openLogFile(folder.path, "LikesServer1");
  assert.throws(
    () => takeRunLogs(folder.path, SERVERS),
    (error: unknown) => error instanceof LikesError && error.code === "log_unusable",
  );
  assert.is(readFileSync(path, "utf8"), "of an earlier run\n");
  held.close();
});

test.run();
