import fc from "fast-check";
import { test } from "uvu";
import * as assert from "uvu/assert";
import { IdMap } from "../../src/verify/id_map.ts";

const ID = fc.integer({ min: 0, max: 3 }).map((last) => {
  const id = new Uint8Array(16).fill(0xff);
  id[15] = last;
  return id;
});
const NUMBER = fc.oneof(
  fc.integer({ min: 0, max: 3 }),
  fc.constantFrom(2 ** 32 - 1, 2 ** 32, 2 ** 53 - 1),
);

test("IdMap keeps the number of each id and number, through any changes", () => {
  const step = fc.tuple(ID, NUMBER, fc.boolean(), fc.integer({ min: 1, max: 2 ** 45 }));
  fc.assert(
    fc.property(fc.array(step, { maxLength: 40 }), (steps) => {
      const map = new IdMap();
      const expected = new Map<string, number>();
      for (const [id, number, isTaken, value] of steps) {
        const key = `${id.join(".")} ${number}`;
        assert.is(map.get(id, number), expected.get(key));
        if (isTaken) {
          assert.is(map.take(id, number), expected.get(key));
          expected.delete(key);
        } else {
          map.set(id, number, value);
          expected.set(key, value);
        }
      }
      const entries = [...map.entries()].map(({ id, number, value }) => {
        return [`${id.join(".")} ${number}`, value] as const;
      });
      assert.equal(new Map(entries), expected);
      assert.is(entries.length, expected.size);
    }),
  );
});

test.run();
