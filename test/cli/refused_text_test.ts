import { test } from "uvu";
import * as assert from "uvu/assert";
import { refusedLines, refusedParts } from "../../src/cli/refused_text.ts";
import { localSecond } from "../../src/text/local_time.ts";
import { idFrom, testId } from "../store/faults.ts";

const SINCE_MS = Date.UTC(2026, 0, 2, 12);
const OURS = idFrom("1234abcd");
const SERVER = {
  serverId: "fra-1",
  outboxId: testId(2),
  address: "127.0.0.1:50052",
  ledgerId: idFrom("3f2a91c0"),
  fingerprint: undefined,
  sinceMs: SINCE_MS,
};

/** Returns a status of this ledger with rejected servers. */
function viewOf(refused: Partial<Parameters<typeof refusedParts>[0]>) {
  return { ledgerId: OURS, foreignServers: [], unrecorded: [], ...refused };
}

test("refusedParts() names a foreign server, both ledgers, since when, and the way out", () => {
  assert.is(
    refusedParts(viewOf({ foreignServers: [SERVER] })).join(),
    `fra-1 at 127.0.0.1:50052 is from another ledger, since ${localSecond(SINCE_MS)}: its outbox ` +
      "belongs to ledger 3f2a91c0; this is 1234abcd (start this primary on its own --data-dir, " +
      "or point that LikesServer at its own primary)",
  );
});

test("refusedParts() leaves the address out when the LikesServer announced none", () => {
  const [part = ""] = refusedParts(viewOf({ foreignServers: [{ ...SERVER, address: "" }] }));
  assert.match(part, /^fra-1 is from another ledger,/);
});

test("refusedParts() names a server with another secret, since when, and the way out", () => {
  const other = { ...SERVER, ledgerId: undefined, fingerprint: idFrom("5ec2e700") };
  assert.is(
    refusedParts(viewOf({ foreignServers: [other] })).join(),
    `fra-1 at 127.0.0.1:50052 has another persons.secret, since ${localSecond(SINCE_MS)}: its ` +
      "fingerprint is 5ec2e700 (copy persons.secret from the data folder of an admitted " +
      "LikesServer, and start it again)",
  );
});

test("refusedLines() escapes and cuts a foreign server's text", () => {
  const hostile = { ...SERVER, serverId: "\u001b[2J", address: "\u202e" };
  const lines = refusedLines(viewOf({ foreignServers: [hostile] }), 60);
  assert.is(lines.length, 3);
  assert.ok(lines.every((line) => line.length <= 60));
  assert.not.match(lines.join("\n"), /[\u001b\u202e]/);
});

const UNRECORDED = {
  serverId: "fra-2",
  outboxId: testId(3),
  address: "127.0.0.1:50053",
  incarnation: idFrom("5e5e5e5e"),
  kind: "retired_returned",
  sinceMs: SINCE_MS,
} as const;

test("refusedParts() names a server with unrecorded trouble, since when, and the way out", () => {
  assert.is(
    refusedParts(viewOf({ unrecorded: [UNRECORDED] })).join(),
    "fra-2 at 127.0.0.1:50053 reports trouble that is not recorded, since " +
      `${localSecond(SINCE_MS)}: no room for retired_returned of incarnation 5e5e5e5e (its ` +
      "reports are rejected until there is room: likes resolve makes room)",
  );
});

test("refusedLines() escapes and cuts the text of a server with unrecorded trouble", () => {
  const hostile = { ...UNRECORDED, serverId: "\u001b[2J", address: "\u202e" };
  const lines = refusedLines(viewOf({ unrecorded: [hostile] }), 60);
  assert.is(lines.length, 3);
  assert.ok(lines.every((line) => line.length <= 60));
  assert.not.match(lines.join("\n"), /[\u001b\u202e]/);
});

test.run();
