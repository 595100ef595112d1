/** Part of the acceptance suite of every LedgerStore: failures of its disk. */
import type { Test } from "uvu";
import * as assert from "uvu/assert";
import type { LedgerTransaction } from "../../../src/core/ledger/ledger_transaction.ts";
import {
  NOTHING_BESIDE,
  EMPTY_META,
  FIRST,
  LARGE_ITEMS,
  LEDGER_ID,
  SECOND,
  THIRD,
  commit,
  likesOf,
  mostLiked,
  setLikes,
  valueOf,
} from "./ledger_fixture.ts";
import type { LedgerFixture } from "./ledger_fixture.ts";

/** Adds this part of the suite to `test`. */
export function acceptLedgerFaults(test: Test, makeFixture: () => LedgerFixture): void {
  test("transact() changes nothing and stays usable when the disk is full", async () => {
    await using fixture = makeFixture();
    await commit(await fixture.open(FIRST), { cat: 1n });
    const store = await fixture.openFull(SECOND);
    const before = await store.load();
    const setMany = (ledger: LedgerTransaction) => {
      ledger.setMeta({ ...ledger.meta(), version: 9 });
      ledger.addLikes("cat", 7n);
      for (let item = 0; item < LARGE_ITEMS; item += 1) ledger.addLikes(`item-${item}`, 1n);
    };
    assert.equal(await store.transact([], setMany), { type: "disk_full" });
    assert.equal(await store.load(), before);
    assert.equal(await mostLiked(store, 10), [{ itemId: "cat", likes: 1n }]);
    await commit(store, { cat: 2n });
    const again = await fixture.open(THIRD);
    assert.equal((await again.load()).meta.version, 2);
    assert.equal(await again.transact([], setMany), { type: "done", value: undefined });
    assert.equal(await mostLiked(again, 1), [{ itemId: "cat", likes: 9n }]);
  });

  test("an opening ends when one of its commits is in doubt", async () => {
    await using fixture = makeFixture();
    const store = await fixture.open(FIRST);
    await commit(store, { cat: 1n });
    await fixture.breakDisk();
    const outcome = await store.transact([], (ledger) => setLikes(ledger, "cat", 2n));
    assert.is(outcome.type, "in_doubt");
    assert.equal(
      await store.transact([], () => undefined),
      outcome,
      "every later call ends the same way",
    );
    assert.equal(await store.counts({ type: "named", itemIds: ["cat"] }, NOTHING_BESIDE), outcome);
    const again = await fixture.open(SECOND);
    assert.is((await again.load()).meta.version, 1);
    await commit(again, { cat: 2n });
    assert.equal(await likesOf(again, "cat"), [{ itemId: "cat", likes: 2n }]);
  });

  test("transact() needs no space and meets no fault when its work sets nothing", async () => {
    await using fixture = makeFixture();
    const store = await fixture.open(FIRST);
    await fixture.breakDisk();
    assert.is(await valueOf(store, (ledger) => ledger.meta().version), 0);
    assert.equal(await store.load(), {
      ledgerId: LEDGER_ID,
      generation: FIRST,
      meta: EMPTY_META,
      copiedMs: undefined,
      members: [],
      troubles: [],
      toForget: [],
    });
  });
}
