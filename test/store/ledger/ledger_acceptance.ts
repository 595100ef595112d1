/** The acceptance suite of every LedgerStore. */
import type { Test } from "uvu";
import * as assert from "uvu/assert";
import { UNSET } from "../../../src/core/protocol/register.ts";
import type { LedgerTransaction } from "../../../src/core/ledger/ledger_transaction.ts";
import type { MemberRow } from "../../../src/core/ledger/rows.ts";
import { assertionOf, testId } from "../faults.ts";
import {
  BLOCK,
  NOTHING_BESIDE,
  PERSON,
  STATE,
  givenLikes,
  DECISION,
  EMPTY_META,
  FIRST,
  INCARNATION,
  LEDGER_ID,
  MEMBER,
  OUTBOX,
  ROW,
  SECOND,
  THIRD,
  TROUBLE,
  commit,
  likesOf,
  mostLiked,
  setLikes,
  valueOf,
} from "./ledger_fixture.ts";
import { acceptAttempts } from "./ledger_attempts_acceptance.ts";
import { acceptPages } from "./ledger_pages_acceptance.ts";
import { acceptRules } from "./ledger_rules_acceptance.ts";
import { acceptTroubles } from "./ledger_troubles_acceptance.ts";
import { acceptLedgerFaults } from "./ledger_faults_acceptance.ts";
import type { LedgerFixture } from "./ledger_fixture.ts";

/** Adds the suite to `test`. `makeFixture` creates a disk with a new ledger. */
export function acceptLedger(test: Test, makeFixture: () => LedgerFixture): void {
  acceptTransactions(test, makeFixture);
  acceptRollbacks(test, makeFixture);
  acceptChecks(test, makeFixture);
  acceptAttempts(test, makeFixture);
  acceptGenerations(test, makeFixture);
  acceptRows(test, makeFixture);
  acceptTroubles(test, makeFixture);
  acceptItems(test, makeFixture);
  acceptPages(test, makeFixture);
  acceptLedgerFaults(test, makeFixture);
  acceptRules(test, makeFixture);
}

function acceptTransactions(test: Test, makeFixture: () => LedgerFixture): void {
  test("load() returns an empty ledger when it is new", async () => {
    await using fixture = makeFixture();
    assert.equal(await (await fixture.open(FIRST)).load(), {
      ledgerId: LEDGER_ID,
      generation: FIRST,
      meta: EMPTY_META,
      copiedMs: undefined,
      members: [],
      troubles: [],
      toForget: [],
    });
  });

  test("transact() keeps everything when the ledger is reopened", async () => {
    await using fixture = makeFixture();
    const whole = { version: 2 ** 53 - 2, totalLikes: 2n ** 63n - 1n, totalVersion: 3, asOfMs: 4 };
    const meta = { ...whole, fingerprint: testId(0xf) };
    const left: MemberRow = { ...MEMBER, outboxId: testId(0xb), state: "left" };
    const retired: MemberRow = {
      ...MEMBER,
      outboxId: testId(0xc),
      state: "retired",
      retiredAsOfMs: 2 ** 53 - 1,
    };
    await valueOf(await fixture.open(FIRST), (ledger) => {
      ledger.setMeta(meta);
      ledger.setMember({ ...MEMBER, appliedLikes: 2n ** 53n + 1n });
      ledger.setMember(left);
      ledger.setMember(retired);
      ledger.setIncarnation(ROW);
      ledger.addTrouble(TROUBLE);
      ledger.addLikes("cat", 2n ** 53n + 1n);
    });
    const store = await fixture.open(SECOND);
    assert.equal(await store.load(), {
      ledgerId: LEDGER_ID,
      generation: SECOND,
      meta,
      copiedMs: undefined,
      members: [{ ...MEMBER, appliedLikes: 2n ** 53n + 1n }],
      troubles: [{ ...TROUBLE, number: 1 }],
      toForget: [],
    });
    const rows = await valueOf(store, (ledger) => [
      ledger.member(left.outboxId),
      ledger.member(retired.outboxId),
      ledger.incarnation(INCARNATION),
    ]);
    assert.equal(rows, [left, retired, ROW]);
    assert.equal(await likesOf(store, "cat"), [{ itemId: "cat", likes: 2n ** 53n + 1n }]);
  });

  test("transact() shows its work its own changes", async () => {
    await using fixture = makeFixture();
    const seen = await valueOf(await fixture.open(FIRST), (ledger) => {
      setLikes(ledger, "cat", 1n);
      setLikes(ledger, "cat", givenLikes(ledger, "cat") + 2n);
      ledger.setMeta({ ...ledger.meta(), version: 1 });
      return [givenLikes(ledger, "cat"), ledger.meta().version];
    });
    assert.equal(seen, [3n, 1]);
  });
}

function acceptRollbacks(test: Test, makeFixture: () => LedgerFixture): void {
  test("transact() changes nothing and rethrows when its work throws", async () => {
    await using fixture = makeFixture();
    const store = await fixture.open(FIRST);
    await commit(store, { cat: 1n });
    const before = await store.load();
    const bug = new TypeError("a bug");
    const thrown = await store
      .transact([], (ledger) => {
        ledger.setMeta({ ...ledger.meta(), version: 9 });
        ledger.setMember(MEMBER);
        ledger.setIncarnation(ROW);
        ledger.addTrouble(TROUBLE);
        setLikes(ledger, "cat", 2n);
        setLikes(ledger, "cat", 3n);
        setLikes(ledger, "dog", 3n);
        throw bug;
      })
      .catch((error: unknown) => error);
    assert.is(thrown, bug);
    assert.equal(await store.load(), before);
    assert.equal(await mostLiked(store, 10), [{ itemId: "cat", likes: 1n }]);
    const rows = await valueOf(store, (ledger) => [
      ledger.member(OUTBOX),
      ledger.incarnation(INCARNATION),
      ledger.troubleCount(),
    ]);
    assert.equal(rows, [undefined, undefined, 0]);
  });

  test("transact() asserts when a number does not fit", async () => {
    await using fixture = makeFixture();
    const store = await fixture.open(FIRST);
    const meta = EMPTY_META;
    for (const likes of [-1n, 2n ** 63n]) {
      await assertionOf("63 bits", () =>
        store.transact([], (ledger) => ledger.setMeta({ ...meta, totalLikes: likes })),
      );
      await assertionOf("63 bits", () =>
        store.transact([], (ledger) => ledger.setMember({ ...MEMBER, appliedLikes: likes })),
      );
    }
    for (const gained of [-(2n ** 63n), 2n ** 63n]) {
      await assertionOf("63 bits", () =>
        store.transact([], (ledger) => ledger.addLikes("a", gained)),
      );
    }
    for (const version of [-1, 0.5, 2 ** 53]) {
      await assertionOf("whole number", () =>
        store.transact([], (ledger) => ledger.setMeta({ ...meta, version })),
      );
    }
    assert.equal((await store.load()).meta, EMPTY_META);
  });
}

function acceptChecks(test: Test, makeFixture: () => LedgerFixture): void {
  const bad: Readonly<Record<string, (ledger: LedgerTransaction) => unknown>> = {
    "a member": (ledger) => ledger.setMember({ ...MEMBER, retiredAsOfMs: 0.5 }),
    "an incarnation": (ledger) => ledger.setIncarnation({ ...ROW, appliedSequence: 0.5 }),
    "a trouble": (ledger) => ledger.addTrouble({ ...TROUBLE, sinceMs: 0.5 }),
    "a decision": (ledger) =>
      ledger.addDecision({ ...DECISION, trouble: undefined, decidedMs: 0.5 }),
    likes: (ledger) => ledger.addLikes("cat", 2n ** 63n),
    "likes of a reaction": (ledger) => ledger.addLikes("cat", -(2n ** 63n), 2),
    "a register": (ledger) => ledger.setRegister(PERSON, "cat", { ...STATE, likes: 0.5 }),
    operations: (ledger) => ledger.setCountedOperations(BLOCK, -1n),
  };
  for (const [what, setBad] of Object.entries(bad)) {
    test(`transact() changes nothing when it asserts about ${what}`, async () => {
      await using fixture = makeFixture();
      const store = await fixture.open(FIRST);
      const before = await store.load();
      await assertionOf("", () =>
        store.transact([], (ledger) => {
          ledger.setMeta({ ...EMPTY_META, version: 9 });
          ledger.setMember(MEMBER);
          setLikes(ledger, "dog", 1n);
          setBad(ledger);
        }),
      );
      assert.equal(await store.load(), before);
      assert.equal(await mostLiked(store, 10), []);
    });
  }
}

function acceptGenerations(test: Test, makeFixture: () => LedgerFixture): void {
  test("generation() ends where the next one begins when the ledger is reopened", async () => {
    await using fixture = makeFixture();
    const first = await fixture.open(FIRST);
    await commit(first, {});
    await commit(first, {});
    await fixture.open(SECOND);
    const third = await fixture.open(THIRD);
    await commit(third, {});
    const rows = await valueOf(third, (ledger) =>
      [FIRST, SECOND, THIRD, testId(0x94)].map((generation) => ledger.generation(generation)),
    );
    assert.equal(rows, [
      { generation: FIRST, firstVersion: 1, lastVersion: 2 },
      { generation: SECOND, firstVersion: 3, lastVersion: 2 },
      { generation: THIRD, firstVersion: 3, lastVersion: undefined },
      undefined,
    ]);
  });

  test("opening asserts when the generation was minted before", async () => {
    await using fixture = makeFixture();
    await fixture.open(FIRST);
    await assertionOf("minted once", () => fixture.open(FIRST));
  });

  test("transact() returns superseded when a newer opening exists", async () => {
    await using fixture = makeFixture();
    const store = await fixture.open(FIRST);
    await commit(store, { cat: 1n });
    await fixture.supersede(SECOND);
    const outcome = await store.transact([], (ledger) => setLikes(ledger, "cat", 2n));
    assert.is(outcome.type, "superseded");
    const read = await store.counts({ type: "named", itemIds: ["cat"] }, NOTHING_BESIDE);
    assert.is(read.type, "superseded", "a superseded opening reads nothing");
    assert.equal(await likesOf(await fixture.open(THIRD), "cat"), [{ itemId: "cat", likes: 1n }]);
  });

  test("transact() writes nothing when a newer opening comes while the rules run", async () => {
    await using fixture = makeFixture();
    const store = await fixture.open(FIRST);
    await commit(store, { cat: 1n });
    const superseding: Promise<void>[] = [];
    const outcome = await store.transact([], (ledger) => {
      superseding.push(fixture.supersede(SECOND));
      ledger.addLikes("cat", 1n);
    });
    await Promise.all(superseding);
    assert.is(outcome.type, "superseded");
    assert.equal(await likesOf(await fixture.open(THIRD), "cat"), [{ itemId: "cat", likes: 1n }]);
  });
}

function acceptRows(test: Test, makeFixture: () => LedgerFixture): void {
  test("a transaction reads the rows that it has set", async () => {
    await using fixture = makeFixture();
    const store = await fixture.open(FIRST);
    const [a, b, c, d] = [testId(1), testId(2), testId(3), testId(4)];
    const recorded = await valueOf(store, (ledger) => {
      ledger.setMember(MEMBER);
      for (const incarnation of [a, b, c]) ledger.setIncarnation({ ...ROW, incarnation });
      return ledger.addTrouble(TROUBLE);
    });
    assert.is(recorded?.number, 1);
    await valueOf(store, (ledger) => {
      const open = (limit: number) => ledger.incarnationsIn(OUTBOX, "open", limit);
      for (const incarnation of [a, d]) {
        ledger.setIncarnation({
          ...ROW,
          incarnation,
          state: incarnation === d ? "open" : "closed",
        });
      }
      assert.equal([open(1), open(9)], [[b], [b, c, d]]);
      ledger.setIncarnation({ ...ROW, incarnation: a });
      assert.equal([open(1), open(9)], [[a], [a, b, c, d]], "the order is kept");

      ledger.setMember({ ...MEMBER, state: "left" });
      ledger.setMember({ ...MEMBER, outboxId: testId(0xc) });
      assert.equal([ledger.outboxCount("member"), ledger.outboxCount("left")], [1, 1]);

      assert.not(ledger.wasDecided(OUTBOX, TROUBLE));
      assert.is(ledger.addTrouble(TROUBLE), undefined, "the trouble is already recorded");
      ledger.addDecision({ ...DECISION, trouble: { number: 1, kind: TROUBLE.kind } });
      assert.ok(ledger.wasDecided(OUTBOX, TROUBLE));
      assert.equal([ledger.trouble(1), ledger.troublesOf(OUTBOX)], [undefined, []]);
      const again = ledger.addTrouble(TROUBLE);
      assert.equal([again?.number, ledger.troubleCount()], [2, 1]);
      assert.equal([ledger.trouble(2), ledger.troublesOf(OUTBOX)], [again, [again]]);

      ledger.setRegister(PERSON, "cat", STATE);
      assert.equal(ledger.register(PERSON, "cat"), STATE);
      assert.equal(ledger.register(PERSON, "dog"), UNSET);
      ledger.setCountedOperations(BLOCK, 5n);
      assert.is(ledger.countedOperations(BLOCK), 5n);
      assert.is(ledger.countedOperations({ ...BLOCK, block: 2 }), 0n);

      ledger.addLikes("cat", 2n);
      ledger.addLikes("cat", 3n);
    });
    assert.equal(await likesOf(store, "cat"), [{ itemId: "cat", likes: 5n }]);
  });

  test("outboxCount() counts the outboxes in a state", async () => {
    await using fixture = makeFixture();
    const store = await fixture.open(FIRST);
    const other = { ...MEMBER, outboxId: testId(0xb) };
    const counts = await valueOf(store, (ledger) => {
      const before = ledger.outboxCount("member");
      ledger.setMember(MEMBER);
      ledger.setMember(other);
      const both = ledger.outboxCount("member");
      ledger.setMember({ ...MEMBER, state: "left" });
      const one = ledger.outboxCount("member");
      const left = ledger.outboxCount("left");
      ledger.setMember({ ...MEMBER, state: "retired", retiredAsOfMs: 1 });
      return [before, both, one, left, ledger.outboxCount("member"), ledger.outboxCount("left")];
    });
    assert.equal(counts, [0, 2, 1, 1, 1, 0]);
    assert.equal((await store.load()).members, [other]);
    await valueOf(store, (ledger) => ledger.setMember(MEMBER));
    assert.equal((await store.load()).members, [MEMBER, other]);
  });

  test("incarnationsIn() lists the oldest incarnations of an outbox, up to the limit", async () => {
    await using fixture = makeFixture();
    const listed = await valueOf(await fixture.open(FIRST), (ledger) => {
      for (const [number, state] of [
        [9, "open"],
        [2, "closed"],
        [3, "parked"],
        [5, "retired"],
        [1, "open"],
      ] as const) {
        ledger.setIncarnation({ ...ROW, incarnation: testId(number), state });
      }
      ledger.setIncarnation({ ...ROW, incarnation: testId(4), outboxId: testId(0xb) });
      const before = [0, 1, 2, 3].map((limit) => ledger.incarnationsIn(OUTBOX, "open", limit));
      ledger.setIncarnation({ ...ROW, incarnation: testId(9), state: "closed" });
      const states = ["open", "closed", "parked", "retired"] as const;
      const after = states.map((state) => ledger.incarnationsIn(OUTBOX, state, 9));
      return [...before, ...after, ledger.incarnationsIn(testId(0xc), "open", 9)];
    });
    const [open, both] = [[testId(9)], [testId(9), testId(1)]];
    const after = [[testId(1)], [testId(9), testId(2)], [testId(3)], [testId(5)]];
    assert.equal(listed, [[], open, both, both, ...after, []]);
  });
}

function acceptItems(test: Test, makeFixture: () => LedgerFixture): void {
  test("counts() answers in the requested order, with 0 when the item is unknown", async () => {
    await using fixture = makeFixture();
    const store = await fixture.open(FIRST);
    await commit(store, { cat: 2n, dog: 1n });
    assert.equal(await likesOf(store, "dog", "none", "cat", "dog"), [
      { itemId: "dog", likes: 1n },
      { itemId: "none", likes: 0n },
      { itemId: "cat", likes: 2n },
      { itemId: "dog", likes: 1n },
    ]);
    assert.equal(await likesOf(store), []);
  });

  test("mostLiked() lists the most liked first, then by id, when items change", async () => {
    await using fixture = makeFixture();
    const store = await fixture.open(FIRST);
    assert.equal(await mostLiked(store, 3), []);
    // Compared by UTF-16 units, the last two would be swapped.
    await commit(store, { b: 5n, a: 5n, c: 2n ** 53n + 1n, d: 2n ** 53n, "\ufffd": 1n, "😀": 1n });
    const ids = async (limit: number) => {
      return (await mostLiked(store, limit)).map(({ itemId }) => itemId);
    };
    assert.equal(await ids(10), ["c", "d", "a", "b", "\ufffd", "😀"]);
    assert.equal(await mostLiked(store, 1), [{ itemId: "c", likes: 2n ** 53n + 1n }]);
    assert.equal(await ids(0), []);
    await commit(store, { b: 6n, e: 6n, d: 2n ** 53n + 2n });
    assert.equal(await ids(4), ["d", "c", "b", "e"]);
  });
}
