/** Tests that the cheap codec keeps the contract of the production codec. */
import { test } from "uvu";
import * as assert from "uvu/assert";
import type { PersonId } from "../../src/core/protocol/ids.ts";
import type { Change, LikeEvent } from "../../src/core/protocol/like_event.ts";
import type { RegisterState } from "../../src/core/protocol/register.ts";
import { testId } from "../store/faults.ts";
import { cheapCodec } from "./cheap_codec.ts";

test("cheapCodec.decode() returns the events when their bytes are concatenated", () => {
  const events: LikeEvent[] = [0n, 1n, 255n, 256n, 65_536n, 1_000_000n].map((likes, index) => {
    return { itemId: `g${index * 1_000}`, change: { kind: "add", likes } } as const;
  });
  const other = [
    set(testId(5), { revision: 2 ** 31 - 1, reaction: 63, likes: 50 }),
    set(testId(6), { revision: 1, reaction: 0, likes: 0 }),
    { kind: "add", likes: 7n, operation: { client: testId(7), number: 8 } } as const,
  ].map((change) => ({ itemId: "p1", change }));
  const forgotten = { kind: "forget", person: testId(9), withdraw: true } as const;
  events.push({ itemId: "", change: forgotten });
  events.push({ itemId: "", change: { ...forgotten, withdraw: false } });
  events.push(...other);
  const bytes = Buffer.concat(events.map((event) => cheapCodec.encode(event)));
  assert.equal(cheapCodec.decode(bytes), events);
  assert.equal(cheapCodec.decode(new Uint8Array()), []);
});

test("cheapCodec.digest() differs when any argument differs", () => {
  const bytes = Uint8Array.of(1, 2, 3);
  const digests = new Set<string>();
  for (const previous of [testId(1), testId(2)]) {
    for (let sequence = 1; sequence <= 100; sequence++) {
      for (const last of [3, 4, 5]) {
        bytes[2] = last;
        digests.add(cheapCodec.digest(previous, sequence, bytes));
      }
    }
  }
  assert.is(digests.size, 2 * 100 * 3);
  const digestOf = (some: Uint8Array): string => cheapCodec.digest(testId(1), 1, some);
  for (const digest of digests) assert.match(digest, /^[0-9a-f]{32}$/);
  assert.is(digestOf(bytes), digestOf(Uint8Array.of(1, 2, 5)));
});

function set(person: PersonId, state: RegisterState): Change {
  return { kind: "set", person, state };
}

test.run();
