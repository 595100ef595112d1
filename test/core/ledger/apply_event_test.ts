/** The rules of events: registers and operations, however events come. */
import * as fc from "fast-check";
import { test } from "uvu";
import * as assert from "uvu/assert";
import type { EventOutcome } from "../../../src/core/ledger/ledger_command.ts";
import type { PersonId } from "../../../src/core/protocol/ids.ts";
import type { LikeEvent } from "../../../src/core/protocol/like_event.ts";
import type { LikeBatch } from "../../../src/core/protocol/messages.ts";
import { registerKey } from "../../../src/core/protocol/register.ts";
import { origin } from "../../../src/core/protocol/record.ts";
import { testId } from "../../store/faults.ts";
import {
  FIRST,
  OTHER_OUTBOX,
  OUTBOX,
  SECOND,
  batchCommand,
  like,
  recordAfter,
  reportCommand,
} from "../core_fixture.ts";
import { LedgerHarness } from "./ledger_harness.ts";

const ADA = testId(0xada);
const BOB = testId(0xb0b);
const CLIENT = testId(0xc1);
const OTHER_CLIENT = testId(0xc2);

/** A set of `likes` for `video`, of the plain like unless `reaction` says otherwise. */
function set(
  person: PersonId,
  revision: number,
  likes: number,
  reaction = likes === 0 ? 0 : 1,
): LikeEvent {
  return { itemId: "video", change: { kind: "set", person, state: { revision, reaction, likes } } };
}

function named(client: typeof CLIENT, number: number, likes = 5n): LikeEvent {
  return { itemId: "video", change: { kind: "add", likes, operation: { client, number } } };
}

function forget(person: PersonId, withdraw = false): LikeEvent {
  return { itemId: "", change: { kind: "forget", person, withdraw } };
}

/** A ledger with two members, each of which sends batches of one incarnation. */
class Members {
  readonly ledger = new LedgerHarness();
  readonly #ends = new Map([
    [FIRST, origin(FIRST)],
    [SECOND, origin(SECOND)],
  ]);

  static async admitted(): Promise<Members> {
    const members = new Members();
    await members.ledger.run(reportCommand());
    await members.ledger.run(reportCommand({ incarnation: SECOND }, OTHER_OUTBOX));
    return members;
  }

  /** Applies events in one batch. Returns what each of them gained, and its outcome. */
  async apply(
    events: readonly LikeEvent[],
    incarnation: typeof FIRST = FIRST,
  ): Promise<readonly (readonly [bigint, EventOutcome])[]> {
    const before = this.#ends.get(incarnation) ?? origin(incarnation);
    const { record, last } = recordAfter(before, events);
    this.#ends.set(incarnation, last);
    const { events: range } = record;
    const sent: LikeBatch = {
      type: "batch",
      incarnation,
      events: range,
      records: [record],
      digest: last.digest,
    };
    const outboxId = incarnation === FIRST ? OUTBOX : OTHER_OUTBOX;
    const result = await this.ledger.result(batchCommand(sent, outboxId));
    assert.is(result.type, "applied");
    if (result.type !== "applied") return [];
    return result.applied.outcomes.map(({ gained, outcome }) => [gained, outcome] as const);
  }

  get likes(): bigint | undefined {
    assert.is(this.ledger.meta.totalLikes, this.ledger.disk.items.get("video") ?? 0n);
    return this.ledger.disk.items.get("video");
  }

  reaction(reaction: number): bigint {
    return this.ledger.disk.reactionsOf(reaction).get("video") ?? 0n;
  }
}

test("a person counts once, through whatever LikesServers the like comes", async () => {
  const members = await Members.admitted();
  assert.equal(await members.apply([set(ADA, 1, 1)]), [[1n, "counted"]]);
  assert.equal(await members.apply([set(ADA, 1, 1)]), [[0n, "same"]]);
  assert.equal(await members.apply([set(ADA, 1, 1)], SECOND), [[0n, "same"]]);
  assert.equal(await members.apply([set(BOB, 1, 1)], SECOND), [[1n, "counted"]]);
  assert.is(members.likes, 2n);
});

test("a like that is taken back counts 0, and never less", async () => {
  const members = await Members.admitted();
  await members.apply([set(ADA, 1, 1)]);
  const twice = await members.apply([set(ADA, 2, 0), set(ADA, 2, 0)], SECOND);
  assert.equal(twice, [
    [-1n, "counted"],
    [0n, "same"],
  ]);
  assert.equal(await members.apply([set(ADA, 2, 0)]), [[0n, "same"]]);
  assert.is(members.likes, 0n);
});

test("a set that comes late changes nothing", async () => {
  const members = await Members.admitted();
  await members.apply([set(ADA, 2, 0)]);
  assert.equal(await members.apply([set(ADA, 1, 1)], SECOND), [[0n, "superseded"]]);
  assert.is(members.likes, 0n);
  assert.is((await members.apply([set(ADA, 3, 1)]))[0]?.[0], 1n);
});

test("of two sets with one revision the greater reaction wins, then the more likes", async () => {
  for (const events of [
    [set(ADA, 1, 1, 2), set(ADA, 1, 1, 3), set(ADA, 1, 2, 3)],
    [set(ADA, 1, 2, 3), set(ADA, 1, 1, 3), set(ADA, 1, 1, 2)],
  ]) {
    const members = await Members.admitted();
    for (const event of events) await members.apply([event]);
    assert.is(members.likes, 2n);
    assert.equal([members.reaction(2), members.reaction(3)], [0n, 2n]);
  }
});

test("a reaction that replaces another moves the like, and the total stays", async () => {
  const members = await Members.admitted();
  await members.apply([set(ADA, 1, 1, 1), set(BOB, 1, 1, 7)]);
  assert.equal([members.likes, members.reaction(7)], [2n, 1n]);
  assert.equal(await members.apply([set(ADA, 2, 1, 7)]), [[0n, "counted"]]);
  assert.equal([members.likes, members.reaction(7)], [2n, 2n]);
  await members.apply([set(BOB, 2, 0)]);
  assert.equal([members.likes, members.reaction(7)], [1n, 1n]);
});

test("claps are a number of one person, and a set replaces it", async () => {
  const members = await Members.admitted();
  await members.apply([set(ADA, 1, 7), set(BOB, 1, 50)]);
  assert.equal(await members.apply([set(ADA, 2, 9)]), [[2n, "counted"]]);
  assert.is(members.likes, 59n);
});

test("several sets of one register in a batch count one after the other", async () => {
  const members = await Members.admitted();
  const outcomes = await members.apply([set(ADA, 1, 1), set(ADA, 2, 0), set(ADA, 1, 1)]);
  assert.equal(outcomes, [
    [1n, "counted"],
    [-1n, "counted"],
    [0n, "superseded"],
  ]);
  assert.is(members.likes, 0n);
});

test("an operation counts once, in one batch, in several, and through other LikesServers", async () => {
  const members = await Members.admitted();
  assert.equal(await members.apply([named(CLIENT, 1), named(CLIENT, 1)]), [
    [5n, "counted"],
    [0n, "repeated"],
  ]);
  assert.equal(await members.apply([named(CLIENT, 1)], SECOND), [[0n, "repeated"]]);
  assert.equal(await members.apply([named(OTHER_CLIENT, 1)]), [[5n, "counted"]]);
  assert.is(members.likes, 10n);
});

test("operations count in any order, across the bounds of their rows", async () => {
  const members = await Members.admitted();
  const numbers = [200, 1, 62, 63, 64, 124, 125, 2 ** 53 - 1];
  for (const number of numbers) {
    assert.equal(await members.apply([named(CLIENT, number)]), [[5n, "counted"]], `${number}`);
  }
  for (const number of numbers) {
    assert.equal(await members.apply([named(CLIENT, number)], SECOND), [[0n, "repeated"]]);
  }
  assert.is(members.likes, BigInt(5 * numbers.length));
});

test("a forgotten person has no register any more, and the likes stay without a name", async () => {
  const members = await Members.admitted();
  await members.apply([set(ADA, 1, 1, 7), set(BOB, 1, 1)]);
  assert.equal(await members.apply([forget(ADA)]), [[0n, "counted"]]);
  assert.equal([members.likes, members.reaction(7)], [2n, 1n]);
  assert.equal([...members.ledger.disk.registers.keys()], [registerKey(BOB, "video")]);
  assert.equal([...members.ledger.disk.kept], [["7 video", 1n]]);
});

test("a person who is forgotten with withdraw takes the likes along", async () => {
  const members = await Members.admitted();
  await members.apply([set(ADA, 1, 5, 7), set(BOB, 1, 1)]);
  assert.equal(await members.apply([forget(ADA, true)]), [[-5n, "counted"]]);
  assert.equal([members.likes, members.reaction(7)], [1n, 0n]);
  assert.is(members.ledger.disk.kept.size, 0);
});

test("a person stays forgotten: sets and forgettings that come late change nothing", async () => {
  const members = await Members.admitted();
  await members.apply([set(ADA, 1, 1), forget(ADA), set(ADA, 2, 0), set(ADA, 3, 1)]);
  assert.is(members.likes, 1n);
  const late = await members.apply([forget(ADA, true), set(ADA, 4, 1)], SECOND);
  assert.equal(late, [
    [0n, "forgotten"],
    [0n, "forgotten"],
  ]);
  assert.is(members.likes, 1n);
});

test("a person can be forgotten before the first like", async () => {
  const members = await Members.admitted();
  assert.equal(await members.apply([forget(ADA)]), [[0n, "counted"]]);
  assert.equal(await members.apply([set(ADA, 1, 1)]), [[0n, "forgotten"]]);
  assert.is(members.likes, undefined);
});

test("a restored ledger forgets again whom its list names", async () => {
  const members = await Members.admitted();
  await members.apply([set(ADA, 1, 3), set(BOB, 1, 1)]);
  const backup = members.ledger.disk.clone();
  await members.apply([forget(ADA, true)]);
  const restored = new LedgerHarness(backup, testId(0x92));
  const { toForget } = await restored.store.load();
  assert.equal(toForget, [{ person: ADA, withdraw: true }]);
  await restored.run(...toForget.map((one) => ({ type: "forget", ...one }) as const));
  assert.equal([restored.meta.totalLikes, backup.registers.size], [1n, 1]);
  assert.equal((await new LedgerHarness(backup, testId(0x93)).store.load()).toForget, []);
});

test("members have the events that were applied, and the likes of the adds that counted", async () => {
  const members = await Members.admitted();
  await members.apply([like(3), set(ADA, 1, 7), named(CLIENT, 1), named(CLIENT, 1)]);
  const { appliedEvents, appliedLikes } = members.ledger.member() ?? {};
  assert.equal([appliedEvents, appliedLikes], [4, 8n]);
  assert.is(members.likes, 15n);
});

test("any sets and operations in any order and any repetition count the same", async () => {
  const person = fc.constantFrom(ADA, BOB);
  const event = fc.oneof(
    fc
      .tuple(person, fc.integer({ min: 1, max: 4 }), fc.nat(3), fc.integer({ min: 1, max: 3 }))
      .map(([who, revision, likes, reaction]) => {
        return set(who, revision, likes, likes === 0 ? 0 : reaction);
      }),
    fc
      .tuple(fc.constantFrom(CLIENT, OTHER_CLIENT), fc.integer({ min: 60, max: 66 }))
      .map(([client, number]) => named(client, number)),
  );
  const orders = fc
    .array(event, { minLength: 1, maxLength: 12 })
    .chain((events) => fc.tuple(fc.constant(events), fc.shuffledSubarray([...events, ...events])))
    .map(([events, shuffled]) => [events, [...shuffled, ...events.toReversed()]] as const);
  await fc.assert(
    fc.asyncProperty(orders, async ([events, other]) => {
      const [one, another] = [await Members.admitted(), await Members.admitted()];
      await one.apply(events);
      for (const [index, each] of other.entries()) {
        await another.apply([each], index % 2 === 0 ? FIRST : SECOND);
      }
      assert.is(one.likes, another.likes);
      assert.equal(one.ledger.disk.registers, another.ledger.disk.registers);
      for (const reaction of [2, 3]) assert.is(one.reaction(reaction), another.reaction(reaction));
    }),
    { numRuns: 200 },
  );
});

test.run();
