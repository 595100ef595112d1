/** `likes add --from`: the lines of a file or of stdin, counted once each. */
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "uvu";
import * as assert from "uvu/assert";
import { Counter } from "../fixtures/roles.ts";

const LINES = 2_500;

test("likes add --from adds each line once, and its JSON is a record for likes verify", async () => {
  await using counter = new Counter();
  await counter.startPrimary();
  const { address } = await counter.startAccepting("a");
  const file = join(counter.folder, "likes.txt");
  const lines = Array.from({ length: LINES }, (_, index) => `video-${index % 7} ${index % 43}`);
  writeFileSync(file, `${lines.join("\n")}\nvideo 1.5\n{"itemId":"a cat","likes":5}\n`);
  const add = ["add", "--from", file, "--json", "--server", address];
  const { code, stdout } = await counter.likes(add);
  assert.is(code, 2, "one line is refused");
  const printed = stdout.trim().split("\n");
  assert.is(printed.length, LINES + 3);
  const refused = printed.filter((line) => line.startsWith('{"error"'));
  assert.match(refused[0] ?? "", `"line":${LINES + 1}`);
  const record = join(counter.folder, "added.jsonl");
  writeFileSync(record, stdout);
  const wait = ["status", "--wait", "--primary", counter.primary];
  assert.is((await counter.likes(wait)).code, 0);
  const verify = ["verify", "--json", "--data-dir", counter.dataDir, "--clients", record];
  const { stdout: report } = await counter.likes(verify);
  const { verdict, clients } = JSON.parse(report);
  const likes = lines.reduce((sum, line) => sum + Number(line.split(" ")[1]), 5);
  assert.equal(
    [verdict, clients.counted],
    ["exact", { events: `${LINES + 1}`, likes: `${likes}` }],
  );
});

test("likes add --from - reads stdin, and finds a LikesServer at the primary", async () => {
  await using counter = new Counter();
  await counter.startPrimary();
  await counter.startAccepting("a");
  const through = ["sh", "-c", 'printf "video 5\\nvideo\\n" | exec "$@"', "sh"];
  const added = counter.spawn(["add", "--from", "-", "--primary", counter.primary], { through });
  const { code, stdout, stderr } = await added.result();
  assert.equal([code, stdout], [0, "accepted 2 lines: 6 likes\n"], stderr);
});

test("likes add refuses an item beside --from, neither of them, and a file it cannot read", async () => {
  await using counter = new Counter();
  for (const [args, found] of [
    [["video", "--from", "x"], "both are given"],
    [[], "neither is given"],
    [["--from", counter.folder], "it is a folder"],
    [["--from", join(counter.folder, "none")], "no such file"],
  ] as const) {
    const { code, stderr } = await counter.likes(["add", ...args]);
    assert.is(code, 2, stderr);
    assert.match(stderr, found);
  }
});

test.run();
