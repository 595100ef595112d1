/** Part of the acceptance suite of every LedgerStore: the rules have the same result on each. */
import type { Test } from "uvu";
import * as assert from "uvu/assert";
import { workOf } from "../../../src/core/ledger/apply_commands.ts";
import type { LedgerCommand } from "../../../src/core/ledger/ledger_command.ts";
import type { IncarnationId, OutboxId } from "../../../src/core/protocol/ids.ts";
import { TROUBLE_KINDS } from "../../../src/core/protocol/messages.ts";
import type { Report } from "../../../src/core/protocol/messages.ts";
import { recordCodec } from "../../../src/format/record_codec.ts";
import { LedgerDisk, MemoryLedger } from "../../../src/store/ledger/memory_ledger.ts";
import { batchCommand, batches, hello, reportCommand, trouble } from "../../core/core_fixture.ts";
import { Random } from "../../simulator/random.ts";
import { testId } from "../faults.ts";
import { FIRST, LEDGER_ID, SECOND } from "./ledger_fixture.ts";
import { commitCommands } from "./ledger_fixture.ts";
import type { LedgerFixture } from "./ledger_fixture.ts";

const NOW_MS = 1_700_000_000_000;
const COMMITS = 250;
const COMMANDS_MAX = 4;
const SEEDS = [1, 2, 3];
const OUTBOXES = [testId(0xa1), testId(0xa2)];
/** Incarnations of each outbox, and one that both claim. */
const INCARNATIONS = [11, 12, 13, 14].map((number) => testId(number));
const LIKES = [[1], [2, 3], [4], [0, 42], [5]];
const CHAINS = new Map(INCARNATIONS.map((id) => [id, batches(id, LIKES)]));

/** Adds this part of the suite to `test`. */
export function acceptRules(test: Test, makeFixture: () => LedgerFixture): void {
  for (const seed of SEEDS) {
    test(`commit() has the result of the pure rules on random commands (seed ${seed})`, async () => {
      await using fixture = makeFixture();
      const reference = new MemoryLedger(new LedgerDisk(LEDGER_ID), FIRST);
      let store = await fixture.open(FIRST);
      const random = new Random(seed);
      for (let round = 0; round < COMMITS; round++) {
        const commands = Array.from({ length: random.whole(1, COMMANDS_MAX) }, () => draw(random));
        const expected = reference.transactNow([], (ledger) => {
          return workOf(commands, recordCodec, NOW_MS).apply(ledger);
        });
        assert.equal(await commitCommands(store, commands, NOW_MS), expected);
      }
      const { generation: _, ...snapshot } = reference.loadNow();
      store = await fixture.open(SECOND);
      assert.equal(await store.load(), { ...snapshot, generation: SECOND });
    });
  }
}

function draw(random: Random): LedgerCommand {
  const outboxId = random.pick(OUTBOXES);
  const incarnation = random.pick(INCARNATIONS);
  switch (random.whole(0, 11)) {
    case 0:
      return { type: "hello", streamId: 1, hello: drawHello(random, outboxId, incarnation) };
    case 1:
      return { type: "advance", asOfMs: random.whole(1, 1_000) };
    case 2:
      return { type: "confirm_copy", departedMembers: random.chance(0.5) ? OUTBOXES : [] };
    case 3: {
      const decision = { type: "retire", outboxId, reason: "" } as const;
      return { type: "decide", requestId: 1, decision };
    }
    case 4:
    case 5: {
      const streaming = INCARNATIONS.filter(() => random.chance(0.3));
      const troubleNumber = random.whole(1, 40);
      const decision = { type: "resolve", troubleNumber, reason: "seen", streaming } as const;
      return { type: "decide", requestId: 1, decision };
    }
    case 6:
    case 7:
    case 8: {
      const batch = random.pick(CHAINS.get(incarnation) ?? []);
      return batchCommand(batch, outboxId, random.whole(1, 2));
    }
    default:
      return reportCommand(drawReport(random, incarnation), outboxId);
  }
}

function drawHello(random: Random, outboxId: OutboxId, incarnation: IncarnationId) {
  const seen = { ledgerId: LEDGER_ID, generation: FIRST, version: random.whole(0, COMMITS) };
  const acknowledgedSequence = random.whole(0, 3);
  const whom = { outboxId, incarnation, acknowledgedSequence };
  return hello({ ...whom, seen: random.chance(0.5) ? seen : undefined });
}

function drawReport(random: Random, incarnation: IncarnationId): Partial<Report> {
  const troubles = Array.from({ length: random.chance(0.3) ? random.whole(1, 3) : 0 }, () => {
    return trouble({
      kind: random.pick(TROUBLE_KINDS),
      incarnation: random.pick(INCARNATIONS),
      events: { first: 1, last: random.whole(1, 7) },
    });
  });
  const final = random.chance(0.4);
  return {
    incarnation,
    lastSequence: random.whole(0, 7),
    final,
    leaving: final && random.chance(0.6),
    otherPendingEvents: random.chance(0.3) ? 2 : 0,
    acknowledgedEvents: random.whole(0, 30),
    troubles,
  };
}
