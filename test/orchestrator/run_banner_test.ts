import { test } from "uvu";
import * as assert from "uvu/assert";
import { runBanner } from "../../src/orchestrator/run_banner.ts";

const VIEW = {
  primary: "127.0.0.1:50051",
  servers: [
    { serverId: "likes-server-0", address: "127.0.0.1:41001" },
    { serverId: "likes-server-10", address: "127.0.0.1:41002" },
  ],
  seed: 42,
  itemId: "video",
  logDir: "/tmp",
  dataDir: "/tmp/likes-abc",
  durationMs: 300_000,
};

test("runBanner() names every address, the folders and what to try", () => {
  assert.is(
    runBanner(VIEW),
    `primary          127.0.0.1:50051
likes-server-0   127.0.0.1:41001
likes-server-10  127.0.0.1:41002

seed      42
duration  5 m
data      /tmp/likes-abc
logs      /tmp
          tail -f /tmp/PrimaryLikesServer/log.txt
try       npx likes add video 5
`,
  );
});

test("runBanner() names the primary's address when its port is not the default", () => {
  for (const primary of ["127.0.0.1:4242", "127.0.0.1:150051"]) {
    assert.match(runBanner({ ...VIEW, primary }), `npx likes add video 5 --primary ${primary}\n`);
  }
});

test("runBanner() suggests the run's item when a shell takes it as it is", () => {
  assert.match(runBanner({ ...VIEW, itemId: "cats/42" }), "npx likes add cats/42 5\n");
  for (const itemId of ["two words", "a;b", "--json", "$(id)", "'"]) {
    assert.match(runBanner({ ...VIEW, itemId }), "npx likes add video 5\n");
  }
});

test.run();
