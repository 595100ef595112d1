/**
 * Part of the acceptance suite of every LedgerStore: troubles, decisions and the mark of a copy.
 */
import type { Test } from "uvu";
import * as assert from "uvu/assert";
import type { Trouble } from "../../../src/core/protocol/messages.ts";
import type { NewDecision, NewTrouble } from "../../../src/core/ledger/rows.ts";
import { assertionOf, testId } from "../faults.ts";
import {
  givenLikes,
  DECISION,
  FIRST,
  INCARNATION,
  OUTBOX,
  SECOND,
  TROUBLE,
  commit,
  valueOf,
  setLikes,
} from "./ledger_fixture.ts";
import type { LedgerFixture } from "./ledger_fixture.ts";

const OTHER: NewTrouble = { ...TROUBLE, kind: "digest_differs" };
const OF_LEDGER: NewTrouble = {
  ...TROUBLE,
  outboxId: undefined,
  incarnation: undefined,
  kind: "ledger_restored",
  events: undefined,
  digest: undefined,
  doubtfulAsOf: undefined,
};
/** `TROUBLE` as a LikesServer reports it. */
const REPORTED: Trouble = TROUBLE;

/** Adds this part of the suite to `test`. */
export function acceptTroubles(test: Test, makeFixture: () => LedgerFixture): void {
  acceptRecording(test, makeFixture);
  acceptDeciding(test, makeFixture);
  acceptUndoing(test, makeFixture);
  acceptMarks(test, makeFixture);
}

function acceptRecording(test: Test, makeFixture: () => LedgerFixture): void {
  test("addTrouble() records a trouble once and returns its number", async () => {
    await using fixture = makeFixture();
    const store = await fixture.open(FIRST);
    const later = { ...TROUBLE, detail: "again", sinceMs: TROUBLE.sinceMs + 1 };
    const added = await valueOf(store, (ledger) => [
      ledger.addTrouble(TROUBLE),
      ledger.addTrouble(later),
      ledger.addTrouble(OTHER),
      ledger.troubleCount(),
    ]);
    const numbered = [
      { ...TROUBLE, number: 1 },
      { ...OTHER, number: 2 },
    ];
    assert.equal(added, [numbered[0], undefined, numbered[1], 2]);
    const again = await fixture.open(SECOND);
    assert.is(await valueOf(again, (ledger) => ledger.addTrouble(later)), undefined);
    assert.equal((await again.load()).troubles, numbered);
  });

  test("addTrouble() records another gap of one incarnation when it ends elsewhere", async () => {
    await using fixture = makeFixture();
    const gap: NewTrouble = { ...TROUBLE, kind: "gap", events: { first: 1, last: 7 } };
    const wider: NewTrouble = { ...gap, events: { first: 1, last: 9 } };
    const added = await valueOf(await fixture.open(FIRST), (ledger) => [
      ledger.addTrouble(gap)?.number,
      ledger.addTrouble(wider)?.number,
      ledger.addTrouble({ ...gap, detail: "again" })?.number,
      ledger.troubleCount(),
    ]);
    assert.equal(added, [1, 2, undefined, 2]);
  });

  test("troublesOf() lists the troubles of an outbox, or those of the ledger itself", async () => {
    await using fixture = makeFixture();
    const foreign = { ...TROUBLE, outboxId: testId(0xb) };
    const listed = await valueOf(await fixture.open(FIRST), (ledger) => {
      for (const row of [OTHER, foreign, OF_LEDGER, TROUBLE]) ledger.addTrouble(row);
      return [OUTBOX, undefined, testId(0xc)].map((outboxId) => ledger.troublesOf(outboxId));
    });
    assert.equal(listed, [
      [
        { ...OTHER, number: 1 },
        { ...TROUBLE, number: 4 },
      ],
      [{ ...OF_LEDGER, number: 3 }],
      [],
    ]);
  });

  test("addTrouble() asserts when a number does not fit", async () => {
    await using fixture = makeFixture();
    const store = await fixture.open(FIRST);
    const troubles: readonly Partial<NewTrouble>[] = [
      { events: { first: -1, last: 4 } },
      { events: { first: 1, last: -1 } },
      { doubtfulAsOf: { afterMs: -1, upToMs: 1 } },
      { doubtfulAsOf: { afterMs: 1, upToMs: -1 } },
      { sinceMs: -1 },
    ];
    for (const changes of troubles) {
      const row = { ...TROUBLE, ...changes };
      await assertionOf("whole number", () =>
        store.transact([], (ledger) => ledger.addTrouble(row)),
      );
    }
    const decisions: readonly Partial<NewDecision>[] = [
      { givenUp: { first: 2 ** 53, last: 1 } },
      { givenUp: { first: 1, last: 2 ** 53 } },
      { asOfMs: 2 ** 53 },
      { decidedMs: 2 ** 53 },
    ];
    for (const changes of decisions) {
      const row = { ...DECISION, trouble: undefined, ...changes };
      await assertionOf("whole number", () =>
        store.transact([], (ledger) => ledger.addDecision(row)),
      );
    }
  });
}

function acceptDeciding(test: Test, makeFixture: () => LedgerFixture): void {
  test("addDecision() ends its trouble for ever, and the next one has another number", async () => {
    await using fixture = makeFixture();
    const decision = await valueOf(await fixture.open(FIRST), (ledger) => {
      ledger.addTrouble(TROUBLE);
      ledger.addTrouble(OTHER);
      return ledger.addDecision(DECISION);
    });
    assert.equal(decision, { ...DECISION, number: 1 });
    const store = await fixture.open(SECOND);
    assert.equal((await store.load()).troubles, [{ ...OTHER, number: 2 }]);
    const rows = await valueOf(store, (ledger) => [
      ledger.trouble(1),
      ledger.trouble(2),
      ledger.trouble(3),
      ledger.troublesOf(OUTBOX),
      ledger.troubleCount(),
      ledger.addTrouble({ ...TROUBLE, events: { first: 1, last: 5 } })?.number,
      ledger.addDecision({ ...DECISION, trouble: { number: 3, kind: "gap" } }).number,
      ledger.addTrouble(TROUBLE)?.number,
    ]);
    const other = { ...OTHER, number: 2 };
    assert.equal(rows, [undefined, other, undefined, [other], 1, 3, 2, 4]);
  });

  test("addDecision() ends no trouble when it names none", async () => {
    await using fixture = makeFixture();
    const store = await fixture.open(FIRST);
    const retire = { ...DECISION, kind: "retire", trouble: undefined } as const;
    const added = await valueOf(store, (ledger) => {
      ledger.addTrouble(TROUBLE);
      return [ledger.addDecision(retire), ledger.troubleCount()];
    });
    assert.equal(added, [{ ...retire, number: 1 }, 1]);
  });

  test("addDecision() asserts when its trouble is unknown or decided", async () => {
    await using fixture = makeFixture();
    const store = await fixture.open(FIRST);
    const decide = () => store.transact([], (ledger) => ledger.addDecision(DECISION));
    await assertionOf("not decided", decide);
    await valueOf(store, (ledger) => ledger.addTrouble(TROUBLE));
    await decide();
    await assertionOf("not decided", decide);
  });

  test("wasDecided() is true when a decided trouble covers the range", async () => {
    await using fixture = makeFixture();
    const differing: readonly Trouble[] = [
      { ...REPORTED, kind: "digest_differs" },
      { ...REPORTED, incarnation: testId(0x77) },
      { ...REPORTED, events: { first: 2, last: 4 } },
      { ...REPORTED, events: { first: 1, last: 5 } },
      { ...REPORTED, events: undefined },
    ];
    await valueOf(await fixture.open(FIRST), (ledger) => {
      ledger.addTrouble(TROUBLE);
      assert.not(ledger.wasDecided(OUTBOX, REPORTED), "not decided yet");
      ledger.addDecision(DECISION);
      assert.ok(ledger.wasDecided(OUTBOX, REPORTED));
    });
    await valueOf(await fixture.open(SECOND), (ledger) => {
      ledger.addTrouble({ ...TROUBLE, events: { first: 1, last: 5 } });
      assert.ok(ledger.wasDecided(OUTBOX, { ...REPORTED, detail: "in other words" }));
      assert.ok(ledger.wasDecided(OUTBOX, { ...REPORTED, events: { first: 1, last: 3 } }));
      assert.not(ledger.wasDecided(testId(0xb), REPORTED));
      for (const other of differing) assert.not(ledger.wasDecided(OUTBOX, other));
    });
  });
}

function acceptUndoing(test: Test, makeFixture: () => LedgerFixture): void {
  test("attempt() rolls back its own rows, and no others, when it does not succeed", async () => {
    await using fixture = makeFixture();
    const store = await fixture.open(FIRST);
    await valueOf(store, (ledger) => setLikes(ledger, "cat", 1n));
    const ends = await valueOf(store, (ledger) => {
      ledger.addTrouble(TROUBLE);
      const failed = ledger.attempt(() => {
        setLikes(ledger, "cat", 7n);
        ledger.addTrouble(OTHER);
        ledger.addDecision(DECISION);
        return false;
      });
      assert.equal([givenLikes(ledger, "cat"), ledger.troubleCount()], [1n, 1]);
      const done = ledger.attempt(() => {
        setLikes(ledger, "cat", 2n);
        return ledger.addTrouble(OTHER)?.number === 2;
      });
      return [failed, done, givenLikes(ledger, "cat"), ledger.troubleCount()];
    });
    assert.equal(ends, [false, true, 2n, 2]);
    const kept = (await (await fixture.open(SECOND)).load()).troubles;
    assert.equal(
      kept.map(({ number, kind }) => [number, kind]),
      [
        [1, TROUBLE.kind],
        [2, OTHER.kind],
      ],
    );
  });

  test("transact() rolls back troubles and decisions when its work throws", async () => {
    await using fixture = makeFixture();
    const store = await fixture.open(FIRST);
    await valueOf(store, (ledger) => [ledger.addTrouble(TROUBLE), ledger.addTrouble(OTHER)]);
    const before = await store.load();
    const thrown = await store
      .transact([], (ledger) => {
        ledger.addDecision(DECISION);
        ledger.addTrouble(TROUBLE);
        ledger.addDecision({ ...DECISION, trouble: { number: 2, kind: "digest_differs" } });
        throw new TypeError("a bug");
      })
      .catch((error: unknown) => error);
    assert.ok(thrown instanceof TypeError);
    assert.equal(await store.load(), before);
    const rows = await valueOf(store, (ledger) => [
      ledger.wasDecided(OUTBOX, REPORTED),
      ledger.addDecision(DECISION).number,
      ledger.addTrouble(TROUBLE)?.number,
    ]);
    assert.equal(rows, [false, 1, 3]);
  });
}

function acceptMarks(test: Test, makeFixture: () => LedgerFixture): void {
  test("clearCopied() clears the mark of a copy permanently once committed", async () => {
    await using fixture = makeFixture();
    const store = await fixture.open(FIRST);
    assert.is(await valueOf(store, (ledger) => ledger.copiedMs()), undefined);
    await valueOf(store, (ledger) => ledger.clearCopied());
    await fixture.markCopied(TROUBLE.sinceMs);
    await commit(store, { cat: 1n });
    const again = await fixture.open(SECOND);
    const undone = await again
      .transact([], (ledger) => {
        ledger.clearCopied();
        throw new TypeError(`a bug at ${ledger.copiedMs()}`);
      })
      .catch((error: unknown) => error);
    assert.equal(undone, new TypeError("a bug at undefined"));
    const marks = await valueOf(again, (ledger) => {
      const copiedMs = ledger.copiedMs();
      ledger.clearCopied();
      ledger.addTrouble({ ...OF_LEDGER, incarnation: INCARNATION });
      return [copiedMs, ledger.copiedMs()];
    });
    assert.equal(marks, [TROUBLE.sinceMs, undefined]);
    const third = await fixture.open(testId(0x95));
    assert.is(await valueOf(third, (ledger) => ledger.copiedMs()), undefined);
  });
}
