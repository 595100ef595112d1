import * as fc from "fast-check";
import { test } from "uvu";
import * as assert from "uvu/assert";
import { checkEvent } from "../../../src/core/protocol/like_event.ts";
import type { AddLikesRequest } from "../../../src/rpc/gen/likes/v1/AddLikesRequest.ts";
import { protos } from "../../../src/rpc/protos.ts";
import { readEvent, writeOperation } from "../../../src/rpc/wire/add_wire.ts";
import { testId } from "../../store/faults.ts";

const { AddLikes } = protos.LikesService.service;

test("readEvent() returns the operation that was sent over the wire", () => {
  const numbers = fc.integer({ min: 1, max: Number.MAX_SAFE_INTEGER });
  fc.assert(
    fc.property(fc.nat(0xffff).map(testId), numbers, (client, number) => {
      const operation = { client, number };
      const read = received({ likes: "5", operation: writeOperation(operation) });
      assert.equal(read, { itemId: "video", change: { kind: "add", likes: 5n, operation } });
    }),
  );
});

test("readEvent() returns an add without a name when none was sent", () => {
  assert.equal(received({ likes: "5" }), { itemId: "video", change: { kind: "add", likes: 5n } });
});

test("readEvent() refuses a client that has not 16 bytes", () => {
  for (const length of [0, 15, 17, 32]) {
    const read = received({ likes: "5", operation: { client: Buffer.alloc(length), number: "1" } });
    assert.is("code" in read && read.code, "like_invalid", `${length}`);
    assert.match("message" in read ? read.message : "", `a client of ${length} bytes: give 16`);
  }
});

test("readEvent() rounds no number into another one that is accepted", () => {
  for (const number of ["0", String(2n ** 53n), String(2n ** 53n + 1n), String(2n ** 64n - 1n)]) {
    const read = received({ likes: "5", operation: { client: Buffer.alloc(16), number } });
    assert.is("change" in read && checkEvent(read)?.code, "like_invalid", number);
  }
});

test.run();

/** Returns what a LikesServer reads of a request for `video`. */
function received(wire: AddLikesRequest): ReturnType<typeof readEvent> {
  const bytes = AddLikes.requestSerialize({ itemId: "video", ...wire });
  return readEvent(AddLikes.requestDeserialize(bytes));
}
