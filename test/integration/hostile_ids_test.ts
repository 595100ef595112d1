/**
 * Ids made to break something. Allowed ids are counted separately, others are rejected before
 * anything is stored, and no output lets an id control the terminal.
 */
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "uvu";
import * as assert from "uvu/assert";
import { LikesError } from "../../src/errors.ts";
import { LikesClient } from "../../src/rpc/client/likes_client.ts";
import { expectExact } from "../fixtures/expect_exact.ts";
import { Counter } from "../fixtures/roles.ts";

const CALL_WAIT_MS = 60_000;
/** Ids are bytes: two ids that look the same but differ in bytes are different items. */
const COMPOSED = "caf\u00e9";
const DECOMPOSED = "cafe\u0301";
const TAKEN = [
  "constructor",
  "hasOwnProperty",
  "toString",
  "prototype",
  "null",
  "0",
  "-1",
  "1e3",
  "%00",
  COMPOSED,
  DECOMPOSED,
  "a\u200cb",
  "\u{1f469}\u200d\u{1f680}",
  "'); DROP TABLE items; --",
  "\\u{1b}",
  "\u{1f44d}".repeat(64),
  "a".repeat(256),
  "a b",
  "$(reboot)",
  "<b>",
  "../../etc/passwd",
];
const REFUSED = [
  "",
  " ",
  "a ",
  "__proto__",
  "a\0b",
  "a\u001b[2Jb",
  "a\nb",
  "a\u0085b",
  "a\u200bb",
  "a\u200eb",
  "\ufeffa",
  "a\u202eb",
  "a\u2066b",
  "a\u2028b",
  "\ufffd",
  "\ud800",
  "a".repeat(257),
  "\u00e9".repeat(129),
  "a".repeat(100_000),
];
/** Characters that a terminal obeys or hides, except line ends and emoji joiners. */
const EMOJI = new RegExp("\\p{RGI_Emoji}", "gv");
const DRIVES = /[\p{Cc}\p{Cf}\p{Cs}\p{Zl}\p{Zp}]/u;

test("hostile ids are counted separately or rejected, and control no terminal", async () => {
  await using counter = new Counter();
  await counter.startPrimary();
  const a = await counter.startAccepting("a");
  const client = new LikesClient(a.address);
  for (const [index, itemId] of TAKEN.entries()) {
    await client.addLikes({ itemId, likes: BigInt(index + 1) }, CALL_WAIT_MS);
  }
  for (const itemId of REFUSED) {
    const error = await client.addLikes({ itemId, likes: 1n }, CALL_WAIT_MS).then(
      () => undefined,
      (thrown: unknown) => thrown,
    );
    assert.ok(error instanceof LikesError, JSON.stringify(itemId).slice(0, 40));
    assert.is(error.code, "like_invalid", error.message);
  }
  client.close();
  const expected = BigInt((TAKEN.length * (TAKEN.length + 1)) / 2);
  assert.is(await expectExact(counter, { a }, []), expected);
  const outputs = [
    (await counter.likes(["count", "--limit=100", "--primary", counter.primary])).stdout,
    (await counter.likes(["count", "--json", "--limit=100", "--primary", counter.primary])).stdout,
    (await counter.likes(["add", "a\u202eb\u001b[2J", "--server", a.address])).stderr,
    ...["PrimaryLikesServer", "LikesServer-a"].map((name) => {
      return readFileSync(join(counter.logDir, name, "log.txt"), "utf8");
    }),
  ];
  for (const output of outputs) {
    const driving = output.split("\n").find((line) => DRIVES.test(line.replaceAll(EMOJI, "")));
    // JSON is for programs, and escapes control characters only.
    const isJson = output.startsWith("{");
    if (!isJson) assert.is(driving, undefined, JSON.stringify(driving));
    else assert.not.match(output.trimEnd(), /\p{Cc}/u);
  }
  const [table = ""] = outputs;
  assert.ok(table.includes(COMPOSED) && table.includes(DECOMPOSED), "both are shown");
});

test.run();
