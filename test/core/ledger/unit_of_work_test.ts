import { test } from "uvu";
import * as assert from "uvu/assert";
import { UnitOfWork } from "../../../src/core/ledger/unit_of_work.ts";
import { LedgerDisk, MemoryLedger } from "../../../src/store/ledger/memory_ledger.ts";
import { TROUBLES_OF_OUTBOX_MAX } from "../../../src/limits.ts";
import { FINGERPRINT } from "../../fixtures/secret.ts";
import { testId } from "../../store/faults.ts";
import { GENERATION, LEDGER, OUTBOX, trouble } from "../core_fixture.ts";

const MEMBER = {
  outboxId: OUTBOX,
  serverId: "a",
  address: "a:1",
  state: "member",
  appliedEvents: 0,
  appliedLikes: 0n,
  retiredAsOfMs: undefined,
} as const;

/** Runs `work` on a new ledger. Returns its row and the result of the changes. */
async function changed(work: (changes: UnitOfWork) => void) {
  const store = new MemoryLedger(new LedgerDisk(LEDGER), GENERATION);
  const outcome = await store.transact([], (ledger) => {
    const changes = new UnitOfWork(ledger, 77);
    work(changes);
    return { meta: changes.finish(), changes };
  });
  if (outcome.type !== "done") throw new Error("the commit was refused");
  return { ...outcome.value, troubles: (await store.load()).troubles };
}

test("UnitOfWork.finish() makes no version when nothing was changed", async () => {
  const { meta } = await changed((changes) => changes.advance(0));
  assert.is(meta.version, 0);
});

test("UnitOfWork.advance() holds as_of while a trouble has no decision", async () => {
  const held = await changed((changes) => {
    changes.addTrouble(OUTBOX, trouble());
    changes.advance(500);
  });
  assert.equal([held.meta.asOfMs, held.meta.version], [0, 1]);
  const decided = await changed((changes) => {
    changes.addTrouble(OUTBOX, trouble());
    for (const row of changes.troubles) changes.decide("resolve", row, "seen");
    changes.advance(500);
    changes.advance(400);
  });
  assert.is(decided.meta.asOfMs, 500, "it never goes back");
});

test("UnitOfWork.decide() dates a decision and ends its trouble", async () => {
  const { changes, troubles } = await changed((all) => {
    all.advance(400);
    all.addTrouble(OUTBOX, trouble());
    for (const row of all.troubles) all.decide("resolve", row, "seen");
    all.decide("retire", { outboxId: OUTBOX }, "");
  });
  assert.equal(troubles, []);
  const [resolved, retired] = changes.decisions;
  assert.equal(
    [resolved?.number, resolved?.asOfMs, resolved?.decidedMs, resolved?.trouble],
    [1, 400, 77, { number: 1, kind: "gap" }],
  );
  assert.equal(
    [retired?.number, retired?.trouble, retired?.incarnation],
    [2, undefined, undefined],
  );
});

test("UnitOfWork.addTrouble() records a trouble once", async () => {
  const { changes } = await changed((all) => {
    all.addTrouble(OUTBOX, trouble());
    all.addTrouble(OUTBOX, trouble({ detail: "again" }));
  });
  assert.is(changes.troubles.length, 1);
});

test("UnitOfWork.attempt() does all or nothing when a trouble has no room", async () => {
  const { changes, meta, troubles } = await changed((all) => {
    all.addLikes("video", 1n);
    const few = all.attempt(() => fill(all, TROUBLES_OF_OUTBOX_MAX));
    assert.equal(few, { type: "done", value: "filled" });
    const one = all.attempt(() => {
      all.addLikes("video", 5n);
      all.setMember(MEMBER);
      for (const row of all.troubles.slice(0, 1)) all.decide("resolve", row, "");
      return fill(all, TROUBLES_OF_OUTBOX_MAX + 2);
    });
    assert.is(one.type === "unrecorded" && one.unrecorded.kind, "gap");
    const message = `${TROUBLES_OF_OUTBOX_MAX} troubles of outbox ${OUTBOX} wait for a decision`;
    assert.match(one.type === "unrecorded" ? one.unrecorded.refusal.message : "", message);
  });
  assert.is(troubles.length, TROUBLES_OF_OUTBOX_MAX);
  assert.equal([changes.members, changes.decisions, meta.totalLikes], [[], [], 1n]);
  assert.is(changes.troubles.length, TROUBLES_OF_OUTBOX_MAX);
});

test("UnitOfWork.fixFingerprint() is undone with an attempt, and asserts that it is the first", async () => {
  const { meta } = await changed((all) => {
    const failed = all.attempt(() => {
      all.fixFingerprint(testId(0x10));
      return fill(all, TROUBLES_OF_OUTBOX_MAX + 1);
    });
    assert.equal([failed.type, all.fingerprint], ["unrecorded", undefined]);
    all.fixFingerprint(FINGERPRINT);
    all.fixFingerprint(FINGERPRINT);
    assert.throws(() => all.fixFingerprint(testId(0x10)), "keeps its fingerprint");
  });
  assert.is(meta.fingerprint, FINGERPRINT);
});

test("UnitOfWork.attempt() makes no version when it fails", async () => {
  const { meta } = await changed((all) => {
    const { type } = all.attempt(() => fill(all, TROUBLES_OF_OUTBOX_MAX + 1));
    assert.is(type, "unrecorded");
  });
  assert.is(meta.version, 0);
});

/** Adds `count` troubles of OUTBOX. */
function fill(changes: UnitOfWork, count: number): string {
  for (let index = 0; index < count; index++) {
    changes.addTrouble(OUTBOX, trouble({ incarnation: testId(0x1000 + index) }));
  }
  return "filled";
}

test.run();
