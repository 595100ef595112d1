import { test } from "uvu";
import * as assert from "uvu/assert";
import { runBanner } from "../../src/demo/run_banner.ts";
import { processes } from "./run_fixture.ts";

const VIEW = {
  processes: processes({ primary: { address: "127.0.0.1:50051" } }),
  seed: 42,
  itemId: "video",
  logDir: "/tmp",
  dataDir: "/tmp/likes-abc",
  durationMs: 300_000,
  emptiedLogs: 0,
};

test("runBanner() lists the processes, folders, commands to try, and terms", () => {
  assert.is(
    runBanner(VIEW),
    `primary         127.0.0.1:50051  pid 4242
likes-server-0  127.0.0.1:41001  pid 4243
likes-server-1  127.0.0.1:41002  pid 4244
likes-server-2  127.0.0.1:41003  pid 4245

seed      42
duration  5 m
data      /tmp/likes-abc
logs      /tmp
          tail -f /tmp/PrimaryLikesServer/log.txt
try       npx likes add video 5
          kill -9 4245  # likes-server-2 will be restarted

CONVERGED    the total includes every accepted like
CATCHING_UP  some accepted likes are not in the total yet
UNKNOWN      a process is silent: likes may be missing
as of        the total includes every like accepted before then
everywhere   every process shows this total
`,
  );
});

test("runBanner() says how many logs of earlier roles were emptied", () => {
  const text = runBanner({ ...VIEW, emptiedLogs: 12 });
  assert.match(text, "logs      /tmp; emptied 12 logs of earlier roles\n");
});

test("runBanner() names the primary's address when its port is not the default", () => {
  for (const address of ["127.0.0.1:4242", "127.0.0.1:150051"]) {
    const text = runBanner({ ...VIEW, processes: processes({ primary: { address } }) });
    assert.match(text, `npx likes add video 5 --primary ${address}\n`);
  }
});

test("runBanner() suggests the run's item when it needs no quoting in a shell", () => {
  assert.match(runBanner({ ...VIEW, itemId: "cats/42" }), "npx likes add cats/42 5\n");
  for (const itemId of ["two words", "a;b", "--json", "$(id)", "'"]) {
    assert.match(runBanner({ ...VIEW, itemId }), "npx likes add video 5\n");
  }
});

test.run();
