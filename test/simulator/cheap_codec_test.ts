/** Tests that the cheap codec keeps the contract of the production codec. */
import { test } from "uvu";
import * as assert from "uvu/assert";
import { cheapCodec } from "./cheap_codec.ts";

const ID = "0123456789abcdef0123456789abcdef";

test("cheapCodec.decode() returns the events when their bytes are concatenated", () => {
  const events = [0n, 1n, 255n, 256n, 65_536n, 1_000_000n].map((likes, index) => {
    return { itemId: `g${index * 1_000}`, change: { kind: "add", likes } } as const;
  });
  const bytes = Buffer.concat(events.map((event) => cheapCodec.encode(event)));
  assert.equal(cheapCodec.decode(bytes), events);
  assert.equal(cheapCodec.decode(new Uint8Array()), []);
});

test("cheapCodec.digest() differs when any argument differs", () => {
  const bytes = Uint8Array.of(1, 2, 3);
  const digests = new Set<string>();
  const other = ID.replace("0", "1");
  for (const previous of [ID, other]) {
    for (let sequence = 1; sequence <= 100; sequence++) {
      for (const last of [3, 4, 5]) {
        bytes[2] = last;
        digests.add(cheapCodec.digest(previous, sequence, bytes));
      }
    }
  }
  assert.is(digests.size, 2 * 100 * 3);
  for (const digest of digests) assert.match(digest, /^[0-9a-f]{32}$/);
  assert.is(cheapCodec.digest(ID, 1, bytes), cheapCodec.digest(ID, 1, Uint8Array.of(1, 2, 5)));
});

test.run();
