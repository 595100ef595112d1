import { test } from "uvu";
import * as assert from "uvu/assert";
import { misdirectedLines, misdirectedPart } from "../../src/cli/misdirected_text.ts";
import { localSecond } from "../../src/local_time.ts";

const SINCE_MS = Date.UTC(2026, 0, 2, 12);
const OURS = `1234abcd${"0".repeat(24)}`;
const SERVER = {
  serverId: "fra-1",
  outboxId: "2".repeat(32),
  address: "127.0.0.1:50052",
  ledgerId: `3f2a91c0${"0".repeat(24)}`,
  sinceMs: SINCE_MS,
};

test("misdirectedPart() names the LikesServer, both ledgers, since when, and the way out", () => {
  assert.is(
    misdirectedPart(SERVER, OURS),
    `fra-1 at 127.0.0.1:50052 is of another ledger, since ${localSecond(SINCE_MS)}: its outbox ` +
      "belongs to ledger 3f2a91c0, and this is 1234abcd (start this primary on its own --data-dir, " +
      "or point that LikesServer to its own primary)",
  );
});

test("misdirectedLines() escapes what a peer says, and cuts what does not fit", () => {
  const lines = misdirectedLines({ ...SERVER, serverId: "\u001b[2J", address: "\u202e" }, OURS, 60);
  assert.is(lines.length, 3);
  assert.ok(lines.every((line) => line.length <= 60));
  assert.not.match(lines.join("\n"), /[\u001b\u202e]/);
});

test.run();
