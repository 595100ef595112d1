import { Buffer } from "node:buffer";
import { test } from "uvu";
import * as assert from "uvu/assert";
import { MALFORMED, decodedOrMalformed } from "../../../src/rpc/wire/malformed.ts";
import { protos } from "../../../src/rpc/protos.ts";

const { AddLikes } = protos.LikesService.service;
const decode = decodedOrMalformed(AddLikes.requestDeserialize);
const ITEM_ID = 0x0a;
const LIKES = 0x10;

test("decodedOrMalformed() returns a message that decodes, even with unknown fields", () => {
  const request = { itemId: "video", likes: "5" };
  const bytes = AddLikes.requestSerialize(request);
  assert.equal(decode(bytes), AddLikes.requestDeserialize(bytes));
  const newer = decode(Buffer.concat([bytes, Buffer.from([0x7a, 1, 0x61])]));
  assert.ok(newer !== MALFORMED && newer.itemId === "video" && newer.likes === "5");
  assert.is.not(decode(Buffer.alloc(0)), MALFORMED, "an empty message is valid");
});

test("decodedOrMalformed() returns MALFORMED when a field ends beyond the message", () => {
  const [v, i, d] = Buffer.from("vid");
  const cut = [LIKES, 5, ITEM_ID, 5, v, i, d] as number[];
  const lenient = AddLikes.requestDeserialize(Buffer.from(cut));
  assert.is(lenient.itemId, "vid", "protobufjs alone decodes another item");
  for (const bytes of [
    cut,
    [LIKES],
    [ITEM_ID],
    [ITEM_ID, 1],
    [LIKES, 0x80],
    [0x0f, 1],
    [0x09, 1],
  ]) {
    assert.is(decode(Buffer.from(bytes)), MALFORMED, bytes.join(" "));
  }
});

test.run();
