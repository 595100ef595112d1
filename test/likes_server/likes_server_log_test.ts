import { test } from "uvu";
import * as assert from "uvu/assert";
import { NO_EVENTS } from "../../src/core/messages.ts";
import type { Trouble } from "../../src/core/messages.ts";
import { LikesServerLog } from "../../src/likes_server/likes_server_log.ts";

const LIFE = "3f2a91c0".repeat(4);
const GAP: Trouble = {
  kind: "gap",
  incarnation: LIFE,
  firstSequence: 5,
  lastSequence: 9,
  digest: "1".repeat(32),
  detail: "they are lost",
};
const RESTORED: Trouble = {
  kind: "ledger_restored",
  incarnation: LIFE,
  ...NO_EVENTS,
  detail: "it went back",
};

test("troubles() tells once that a trouble is over, and of none that goes on", () => {
  const lines: string[] = [];
  const log = new LikesServerLog({ line: (text) => lines.push(text) });
  log.troubles([GAP, RESTORED]);
  log.troubles([{ ...GAP, firstSequence: 6 }, RESTORED]);
  assert.equal(lines, []);
  log.troubles([RESTORED]);
  assert.is(lines.length, 1);
  assert.match(lines[0] ?? "", new RegExp(`^trouble is over: gap.*${LIFE}`));
  log.troubles([]);
  log.troubles([]);
  assert.is(lines.length, 2);
  assert.match(lines[1] ?? "", "trouble is over: ledger_restored");
});

test.run();
