/** Filled stores, their whole content as text, and flipped bytes in their files. */
import { readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import type { IncarnationId } from "../../src/core/protocol/ids.ts";
import type { LikeEvent } from "../../src/core/protocol/like_event.ts";
import type { OutboxWrite } from "../../src/core/likes_server/outbox.ts";
import { origin } from "../../src/core/protocol/record.ts";
import type { Position } from "../../src/core/protocol/record.ts";
import { LikesError, messageOf } from "../../src/errors.ts";
import { recordCodec } from "../../src/format/record_codec.ts";
import { openSqliteLedger } from "../../src/store/ledger/sqlite_ledger.ts";
import { openSqliteOutbox } from "../../src/store/outbox/sqlite_outbox.ts";
import { execIn } from "./databases.ts";
import { testId } from "./faults.ts";
import {
  DECISION,
  INCARNATION,
  LEDGER_ID,
  MEMBER,
  OUTBOX,
  ROW,
  TROUBLE,
  likesOf,
  mostLiked,
  valueOf,
} from "./ledger/ledger_fixture.ts";
import { OUTBOX_ID, SERVER_ID, acknowledge } from "./outbox/outbox_fixture.ts";
import { acceptedLikes } from "../../src/core/protocol/like_event.ts";

const NOW_MS = 1_700_000_000_000;
const RECORDS = 20;
const ITEMS = 120;
const GENERATIONS = 3;

/** A store to damage: its file, how to fill it, and how to read its whole content. */
export interface Damageable {
  readonly file: string;
  fill(folder: string): Promise<void>;
  /** Opens the store and returns its whole content as text. */
  meaning(folder: string): Promise<string>;
}

/** An outbox with a trimmed, a parked and a new incarnation. */
export const OUTBOX_TO_DAMAGE: Damageable = { file: "outbox.sqlite", fill: fillOutbox, meaning };
/** A ledger with members, incarnations, troubles, generations and items. */
export const LEDGER_TO_DAMAGE: Damageable = {
  file: "ledger.sqlite",
  fill: fillLedger,
  meaning: ledgerMeaning,
};

/** The result of opening a damaged store. */
export type Judged = "refused" | "unchanged" | "changed";

/** Puts `whole` into `folder` with the bytes at `offset` flipped, and opens the store. */
export async function judgeTurned(
  store: Damageable,
  folder: string,
  {
    whole,
    offset,
    mask,
    expected,
  }: {
    readonly whole: Uint8Array;
    readonly offset: number;
    readonly mask: number;
    readonly expected: string;
  },
): Promise<Judged> {
  const turned = Uint8Array.from(whole);
  turned[offset] = (turned[offset] ?? 0) ^ mask;
  return judge(store, folder, turned, expected);
}

/** Puts `bytes` into `folder` as the store's file, and opens the store. */
export async function judge(
  store: Damageable,
  folder: string,
  bytes: Uint8Array,
  expected: string,
): Promise<Judged> {
  const path = join(folder, store.file);
  for (const suffix of ["-wal", "-shm"]) rmSync(path + suffix, { force: true });
  writeFileSync(path, bytes);
  try {
    return (await store.meaning(folder)) === expected ? "unchanged" : "changed";
  } catch (error) {
    if (error instanceof LikesError) return "refused";
    throw new Error(`Cannot judge ${store.file}: ${messageOf(error)}`, { cause: error });
  }
}

/** The bytes of the store in `folder`. */
export function bytesOf(store: Damageable, folder: string): Uint8Array {
  return Uint8Array.from(readFileSync(join(folder, store.file))); // Buffer.slice() does not copy
}

/** Appends a record of `events` events after `before`. */
function appendReal(
  incarnation: IncarnationId,
  before: Position,
  events: number,
): { readonly write: OutboxWrite; readonly last: Position } {
  const given = Array.from({ length: events }, (_, index): LikeEvent => {
    return { itemId: `video/${index}`, change: { kind: "add", likes: BigInt(index + 1) } };
  });
  const bytes = Buffer.concat(given.map((event) => recordCodec.encode(event)));
  const [first, sequence] = [before.sequence + 1, before.sequence + events];
  const likes = given.reduce((sum, { change }) => sum + acceptedLikes(change), before.likes);
  const digest = recordCodec.digest(before.digest, first, bytes);
  const last = { sequence, digest, likes };
  const record = { events: { first, last: sequence }, bytes };
  return { write: { type: "append", incarnation, record, last, mark: undefined }, last };
}

async function fillOutbox(folder: string): Promise<void> {
  const outbox = openSqliteOutbox(folder, SERVER_ID, OUTBOX_ID, { codec: recordCodec });
  for (const [number, records] of [
    [1, RECORDS],
    [2, RECORDS],
    [3, 1],
  ] as const) {
    const incarnation = testId(number);
    let position = origin(incarnation);
    const writes: OutboxWrite[] = [{ type: "mint", incarnation }];
    for (let record = 0; record < records; record++) {
      const { write, last } = appendReal(incarnation, position, 1 + (record % 9) * 20);
      writes.push(write);
      position = last;
    }
    await outbox.write(writes);
    if (number === 1) {
      await outbox.write([
        acknowledge(incarnation, 22),
        { type: "trim", incarnation, upTo: 1 },
        { type: "close", incarnation },
      ]);
    }
  }
  const seen = { ledgerId: LEDGER_ID, generation: testId(7), version: 12 };
  const { outboxId: _of, sinceMs: _since, doubtfulAsOf: _span, ...gap } = TROUBLE;
  const trouble = { ...gap, incarnation: testId(2) };
  await outbox.write([
    { type: "park", incarnation: testId(2), trouble },
    { type: "membership", membership: "member", seen },
  ]);
  outbox.close();
}

async function meaning(folder: string): Promise<string> {
  const outbox = openSqliteOutbox(folder, SERVER_ID, OUTBOX_ID, { codec: recordCodec });
  try {
    const snapshot = await outbox.load();
    const held: unknown[] = [];
    for (const { incarnation, trimmed } of snapshot.incarnations) {
      held.push(await outbox.read(incarnation, trimmed.sequence, 1e9, 1e6));
    }
    return textOf([snapshot, held]);
  } finally {
    outbox.close();
  }
}

async function fillLedger(folder: string): Promise<void> {
  for (let generation = 0; generation < GENERATIONS; generation++) {
    const ledger = openLedger(folder, generation);
    await valueOf(ledger, (transaction) => {
      const before = transaction.meta();
      let { totalLikes } = before;
      for (let item = 0; item < ITEMS; item++) {
        const itemId = `video/${generation}/${item}`;
        transaction.addLikes(itemId, BigInt(item * 7));
        totalLikes += BigInt(item * 7);
      }
      const version = before.version + 1;
      const fingerprint = testId(0xf);
      transaction.setMeta({
        version,
        totalLikes,
        totalVersion: version,
        asOfMs: NOW_MS,
        fingerprint,
      });
      for (const state of ["open", "closed", "parked", "retired"] as const) {
        const incarnation = testId(generation * 10 + state.length);
        transaction.setIncarnation({ ...ROW, incarnation, state });
      }
      const outboxId = testId(0x100 + generation);
      transaction.setMember({ ...MEMBER, outboxId, appliedLikes: totalLikes });
      transaction.setMember(MEMBER);
      const trouble = transaction.addTrouble({ ...TROUBLE, outboxId });
      if (generation === 0) {
        const ended = { number: trouble?.number ?? 0, kind: TROUBLE.kind };
        transaction.addDecision({ ...DECISION, trouble: ended });
      }
    });
    ledger.fold(ITEMS / 2); // some likes are among the items, and some in the intake
    await ledger.close();
  }
  execIn(join(folder, "ledger.sqlite"), "VACUUM"); // a damaged page without content is no damage
}

async function ledgerMeaning(folder: string): Promise<string> {
  const ledger = openLedger(folder, GENERATIONS);
  try {
    const { generation: _, ...snapshot } = await ledger.load();
    const items = await mostLiked(ledger, GENERATIONS * ITEMS);
    const counts = await likesOf(ledger, ...items.map(({ itemId }) => itemId));
    const rows = await valueOf(ledger, (transaction) => {
      const found: unknown[] = [INCARNATION, transaction.copiedMs()];
      for (const state of ["open", "closed", "parked", "retired"] as const) {
        found.push(transaction.incarnationsIn(OUTBOX, state, 100));
      }
      for (const number of [0, 1, 2]) {
        const outboxId = testId(0x100 + number);
        found.push(transaction.wasDecided(outboxId, TROUBLE), transaction.troublesOf(outboxId));
      }
      for (let number = 0; number < GENERATIONS * 10; number++) {
        found.push(transaction.incarnation(testId(number)), transaction.generation(testId(number)));
        found.push(transaction.member(testId(0x100 + number)));
      }
      return found;
    });
    return textOf([snapshot, items, counts, rows]);
  } finally {
    await ledger.close();
  }
}

function openLedger(folder: string, generation: number) {
  const ids = { ledgerIdIfNew: LEDGER_ID, generation: testId(0x200 + generation) };
  return openSqliteLedger(folder, ids, NOW_MS);
}

function textOf(value: unknown): string {
  return JSON.stringify(value, (_, part: unknown) => {
    if (typeof part === "bigint") return `${part}n`;
    return part instanceof Uint8Array ? Buffer.from(part).toString("hex") : part;
  });
}
