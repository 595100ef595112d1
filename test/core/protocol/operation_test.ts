import * as fc from "fast-check";
import { test } from "uvu";
import * as assert from "uvu/assert";
import { checkOperation, placeOf } from "../../../src/core/protocol/operation.ts";
import { testId } from "../../store/faults.ts";

const client = testId(0xc1);
const NUMBER = fc.integer({ min: 1, max: Number.MAX_SAFE_INTEGER });

test("checkOperation() takes safe whole numbers from 1", () => {
  for (const number of [1, 2, Number.MAX_SAFE_INTEGER]) {
    assert.is(checkOperation({ client, number }), undefined, `${number}`);
  }
  for (const number of [0, -1, 1.5, Number.NaN, Number.MAX_SAFE_INTEGER + 1]) {
    assert.is(checkOperation({ client, number })?.code, "like_invalid", `${number}`);
  }
});

test("placeOf() gives each operation of a client a bit of its own", () => {
  assert.equal(placeOf({ client, number: 1 }), { client, block: 0, bit: 1n });
  assert.equal(placeOf({ client, number: 62 }), { client, block: 0, bit: 1n << 61n });
  assert.equal(placeOf({ client, number: 63 }), { client, block: 1, bit: 1n });
  fc.assert(
    fc.property(NUMBER, NUMBER, (one, other) => {
      const [a, b] = [one, other].map((number) => placeOf({ client, number }));
      const isSame = a?.block === b?.block && a?.bit === b?.bit;
      assert.is(isSame, one === other);
      assert.ok((a?.bit ?? 0n) > 0n && (a?.bit ?? 0n) < 1n << 62n, "a positive 64-bit integer");
    }),
  );
});

test.run();
