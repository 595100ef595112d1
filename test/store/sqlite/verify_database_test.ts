/**
 * A disk that returns other bytes than were written: a store is refused, or its content is
 * unchanged. The suite flips a random sample of the bytes in each run. LIKES_TURN_ALL=1 flips all
 * of them.
 */
import { test } from "uvu";
import * as assert from "uvu/assert";
import { temporaryFolder } from "../../fixtures/temporary_folder.ts";
import { faultOf } from "../faults.ts";
import {
  LEDGER_TO_DAMAGE,
  OUTBOX_TO_DAMAGE,
  bytesOf,
  judge,
  judgeTurned,
} from "../damage_fixture.ts";
import type { Damageable } from "../damage_fixture.ts";

const PAGE = 4096;
const TURNS = 150;
const TURNS_ALL = process.env["LIKES_TURN_ALL"] === "1";

for (const store of [OUTBOX_TO_DAMAGE, LEDGER_TO_DAMAGE]) {
  test(`verifyPages() refuses ${store.file} when a flipped byte changes its content`, async () => {
    await using folder = temporaryFolder();
    const { whole, expected } = await filled(store, folder.path);
    const offsets = TURNS_ALL ? usedOffsets(whole) : someOffsets(usedOffsets(whole), whole.length);
    const judged = { refused: 0, unchanged: 0, changed: 0 };
    const changed: number[] = [];
    for (const offset of offsets) {
      const mask = 1 << ((offset * 7 + 3) % 8);
      const turned = { whole, offset, mask, expected };
      const found = await judgeTurned(store, folder.path, turned);
      judged[found]++;
      if (found === "changed") changed.push(offset);
    }
    const places = changed.map(
      (offset) => `page ${1 + Math.floor(offset / PAGE)} + ${offset % PAGE}`,
    );
    console.log(`${store.file}, ${whole.length / PAGE} pages: ${JSON.stringify(judged)}`);
    assert.equal(places, [], "the content changed unnoticed");
    assert.ok(
      judged.refused > offsets.length / 2,
      `${judged.refused} of ${offsets.length} refused`,
    );
  });

  test(`verifyPages() refuses ${store.file} when it is truncated, empty or garbage`, async () => {
    await using folder = temporaryFolder();
    const { whole, expected } = await filled(store, folder.path);
    const cuts = Array.from({ length: whole.length / PAGE }, (_, page) => page * PAGE);
    const wrong = [
      ...cuts.map((length) => whole.slice(0, length)),
      ...cuts.slice(0, -1).map((length) => whole.slice(0, length + PAGE / 2)),
      Uint8Array.from(whole, (byte, offset) => (offset < 100 ? 0 : byte)),
      Uint8Array.from(whole, (_, offset) => offset % 251),
      new Uint8Array(whole.length),
      ...cuts.map((page) => whole.slice().fill(0, page, page + PAGE)),
    ];
    for (const [index, bytes] of wrong.entries()) {
      assert.is(await judge(store, folder.path, bytes, expected), "refused", `wrong ${index}`);
    }
    const error = await faultOf("store_unusable", () => store.meaning(folder.path));
    assert.match(error.message, /damaged: .*; restore a copy of its folder, or move the folder/);
    assert.is(await judge(store, folder.path, whole, expected), "unchanged");
  });
}

async function filled(
  store: Damageable,
  folder: string,
): Promise<{ readonly whole: Uint8Array; readonly expected: string }> {
  await store.fill(folder);
  const whole = bytesOf(store, folder);
  return { whole, expected: await store.meaning(folder) };
}

/** Returns the offsets of used bytes. A byte of 0 is mostly in free space. */
function usedOffsets(whole: Uint8Array): number[] {
  return [...whole.keys()].filter((offset) => whole[offset] !== 0);
}

/** Returns a sample of `offsets` that has some of every page. */
function someOffsets(offsets: readonly number[], bytes: number): number[] {
  const byPage = Array.from({ length: bytes / PAGE }, (_, page) =>
    offsets.filter((offset) => Math.floor(offset / PAGE) === page),
  );
  return byPage.flatMap((ofPage) => {
    const wanted = Math.ceil(TURNS / byPage.length);
    return Array.from({ length: Math.min(wanted, ofPage.length) }, () => {
      return ofPage[Math.floor(Math.random() * ofPage.length)] ?? 0;
    });
  });
}

test.run();
