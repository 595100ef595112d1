/**
 * Part of the acceptance suite of every LedgerStore: pages of items, and what is read with them.
 */
import type { Test } from "uvu";
import * as assert from "uvu/assert";
import type { CountsOrder, LedgerStore } from "../../../src/core/ledger/ledger.ts";
import type { ItemCount } from "../../../src/core/protocol/counts.ts";
import { testId } from "../faults.ts";
import { EMPTY_META, FIRST, INCARNATION, ROW, commit, read, valueOf } from "./ledger_fixture.ts";
import type { LedgerFixture } from "./ledger_fixture.ts";

/** Adds this part of the suite to `test`. `makeFixture` creates a disk with a new ledger. */
export function acceptPages(test: Test, makeFixture: () => LedgerFixture): void {
  for (const order of ["most_liked", "item_id"] as const) {
    test(`counts() continues after an item even if its likes changed, by ${order}`, async () => {
      await using fixture = makeFixture();
      const store = await fixture.open(FIRST);
      await commit(store, { b: 5n, a: 5n, c: 9n, d: 1n, e: 5n, "\ufffd": 1n, "😀": 1n });
      const all = await pageAfter(store, order, undefined, 10);
      for (const limit of [1, 2, 3, 100]) assert.equal(await pages(store, order, limit), all);
      const middle = all[2];
      await commit(store, { [middle?.itemId ?? ""]: 100n });
      assert.equal(await pageAfter(store, order, middle, 10), all.slice(3));
    });
  }

  test("counts() returns the meta and the applied sequences of the same commit", async () => {
    await using fixture = makeFixture();
    const store = await fixture.open(FIRST);
    await commit(store, { cat: 1n });
    await valueOf(store, (ledger) => ledger.setIncarnation(ROW));
    const named = { type: "named", itemIds: ["cat"] } as const;
    const { meta, applied } = await read(store, named, [testId(0x77), INCARNATION]);
    assert.equal(meta, { ...EMPTY_META, version: 1 });
    assert.equal(applied, [
      { incarnation: testId(0x77), appliedSequence: 0 },
      { incarnation: INCARNATION, appliedSequence: ROW.appliedSequence },
    ]);
  });
}

async function pageAfter(
  store: LedgerStore,
  order: CountsOrder,
  after: ItemCount | undefined,
  limit: number,
): Promise<readonly ItemCount[]> {
  return (await read(store, { type: "page", order, after, limit })).counts;
}

/** Returns all items, read page by page. */
async function pages(
  store: LedgerStore,
  order: CountsOrder,
  limit: number,
): Promise<readonly ItemCount[]> {
  const all: ItemCount[] = [];
  for (let page = await pageAfter(store, order, undefined, limit); page.length > 0;) {
    all.push(...page);
    page = await pageAfter(store, order, all.at(-1), limit);
  }
  return all;
}
