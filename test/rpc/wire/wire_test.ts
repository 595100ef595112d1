import fc from "fast-check";
import { test } from "uvu";
import * as assert from "uvu/assert";
import type { FromLikesServer } from "../../../src/core/protocol/messages.ts";
import { readFromLikesServer, readFromPrimary } from "../../../src/rpc/wire/wire.ts";
import {
  toUint64,
  toBigInt,
  readConvergence,
  toSafeInteger,
  writeConvergence,
} from "../../../src/rpc/wire/wire_fields.ts";
import { faultOf } from "../../store/faults.ts";
import { fromLikesServer, fromPrimary } from "./arbitrary_messages.ts";
import { requestOf, responseOf } from "../over_the_wire.ts";

test("readFromLikesServer() returns any valid message as it was written", () => {
  fc.assert(
    fc.property(fromLikesServer, (message) => {
      assert.equal(comparable(readFromLikesServer(requestOf(message))), comparable(message));
    }),
    { numRuns: 300 },
  );
});

test("readFromPrimary() returns any valid message as it was written", () => {
  fc.assert(
    fc.property(fromPrimary, (message) => {
      assert.equal(readFromPrimary(responseOf(message)), message);
    }),
    { numRuns: 300 },
  );
});

test("toBigInt() and toUint64() are exact beyond 2^53", () => {
  const most = 2n ** 64n - 1n;
  for (const value of [0n, 1n, 2n ** 53n, 2n ** 53n + 1n, 2n ** 63n, most]) {
    assert.is(toBigInt(toUint64(value)), value);
  }
  assert.throws(() => toUint64(-1), "Cannot send -1 as 64 bits");
  assert.throws(() => toUint64(most + 1n), "as 64 bits");
  assert.throws(() => toUint64(1.5));
  assert.throws(() => toUint64(Number.NaN));
});

test("toSafeInteger() refuses a number that is not whole, or beyond 2^53", async () => {
  assert.is(toSafeInteger("version", "0"), 0);
  assert.is(toSafeInteger("version", String(Number.MAX_SAFE_INTEGER)), Number.MAX_SAFE_INTEGER);
  for (const wire of ["-1", "9007199254740992", "18446744073709551615", "1.5", "x"]) {
    const { message } = await faultOf("message_invalid", () => toSafeInteger("version", wire));
    assert.is(message, `Cannot accept a message whose version is ${wire}`);
  }
});

test("readConvergence() reads what writeConvergence() wrote, and refuses the rest", async () => {
  for (const one of ["converged", "catching_up", "unknown"] as const) {
    assert.is(readConvergence(writeConvergence(one)), one);
  }
  await faultOf("message_invalid", () => readConvergence("CONVERGENCE_UNSPECIFIED"));
});

/** Returns a message whose bytes have one class, decoded or not. */
function comparable(message: FromLikesServer): unknown {
  if (message.type !== "batch") return message;
  const records = message.records.map((record) => ({ ...record, bytes: [...record.bytes] }));
  return { ...message, records };
}

test.run();
