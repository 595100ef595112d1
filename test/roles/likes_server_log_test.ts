import { test } from "uvu";
import * as assert from "uvu/assert";
import { NO_EVENTS } from "../../src/core/protocol/messages.ts";
import type { Trouble } from "../../src/core/protocol/messages.ts";
import { LikesServerLog } from "../../src/roles/likes_server_log.ts";
import { testId } from "../store/faults.ts";

const INCARNATION = testId(1);
const GAP: Trouble = {
  kind: "gap",
  incarnation: INCARNATION,
  events: { first: 5, last: 9 },
  digest: testId(2),
  detail: "they are lost",
};
const RESTORED: Trouble = {
  kind: "ledger_restored",
  incarnation: INCARNATION,
  ...NO_EVENTS,
  detail: "it went back",
};

test("troubles() logs the end of a trouble once, and not while it lasts", () => {
  const lines: string[] = [];
  const log = new LikesServerLog({ line: (text) => lines.push(text) });
  log.troubles([GAP, RESTORED]);
  log.troubles([{ ...GAP, events: { first: 6, last: 9 } }, RESTORED]);
  assert.equal(lines, []);
  log.troubles([RESTORED]);
  assert.is(lines.length, 1);
  assert.match(lines[0] ?? "", new RegExp(`^trouble is over: gap.*${INCARNATION}`));
  log.troubles([]);
  log.troubles([]);
  assert.is(lines.length, 2);
  assert.match(lines[1] ?? "", "trouble is over: ledger_restored");
});

test("notice() logs each reason of an outage once, and its end", () => {
  const lines: string[] = [];
  const log = new LikesServerLog({ line: (text) => lines.push(text) });
  const disconnected = (reason: string, attempts: number): void => {
    log.notice({ type: "disconnected", reason, attempts }, 0);
  };
  for (let attempts = 1; attempts <= 6; attempts += 2) {
    disconnected("no room", attempts);
    disconnected("its disk is full", attempts + 1);
  }
  log.notice({ type: "connected", incarnation: INCARNATION, appliedSequence: 3 }, 0);
  disconnected("no room", 1);
  assert.equal(lines, [
    "disconnected: no room; connecting again",
    "disconnected: its disk is full; connecting again",
    `connected to the primary: incarnation ${INCARNATION}, applied to #3`,
    "disconnected: no room; connecting again",
  ]);
});

test.run();
