/** The bounds of a peer's messages: accepted at the bound, refused beyond it. */
import { Buffer } from "node:buffer";
import { test } from "uvu";
import * as assert from "uvu/assert";
import {
  ADDRESS_BYTES_MAX,
  BATCH_RECORDS_MAX,
  RECORD_BYTES_MAX,
  SERVER_ID_CHARS_MAX,
  TROUBLES_MAX,
  TROUBLE_DETAIL_BYTES_MAX,
} from "../../../src/limits.ts";
import type { StreamLikesRequest } from "../../../src/rpc/gen/likes/v1/StreamLikesRequest.ts";
import { readFromLikesServer } from "../../../src/rpc/wire/wire.ts";
import { faultOf, testId } from "../../store/faults.ts";
import { WIRE_HELLO, recode } from "../over_the_wire.ts";

const ID = testId(1);

/** Each bound, and a message of a given size in the bounded respect. */
const BOUNDED: Readonly<Record<string, readonly [number, (size: number) => StreamLikesRequest]>> = {
  server_id: [
    SERVER_ID_CHARS_MAX,
    (size) => ({ hello: { ...WIRE_HELLO, serverId: "a".repeat(size) } }),
  ],
  address: [ADDRESS_BYTES_MAX, (size) => ({ hello: { ...WIRE_HELLO, address: "a".repeat(size) } })],
  records: [BATCH_RECORDS_MAX, (size) => ({ batch: batchOf(size, 3) })],
  events: [RECORD_BYTES_MAX, (size) => ({ batch: batchOf(1, size) })],
  troubles: [TROUBLES_MAX, (size) => ({ report: reportOf(size, "") })],
  detail: [TROUBLE_DETAIL_BYTES_MAX, (size) => ({ report: reportOf(1, "a".repeat(size)) })],
};

test("readFromLikesServer() accepts a message at its bound, and refuses more", async () => {
  for (const [field, [bound, message]] of Object.entries(BOUNDED)) {
    readFromLikesServer(recode(message(bound)));
    const beyond = recode(message(bound + 1));
    const fault = await faultOf("message_invalid", () => readFromLikesServer(beyond));
    assert.match(fault.message, field);
  }
});

function batchOf(records: number, bytes: number) {
  const all = Array.from({ length: records }, (_, index) => {
    return { firstSequence: String(index + 1), events: Buffer.alloc(bytes) };
  });
  const range = { firstSequence: "1", lastSequence: String(records) };
  return { incarnation: ID, ...range, records: all, digest: Buffer.alloc(16) };
}

function reportOf(troubles: number, detail: string) {
  const trouble = { kind: "TROUBLE_KIND_GAP", incarnation: ID, detail } as const;
  const all = Array.from({ length: troubles }, () => trouble);
  return { incarnation: ID, pulseUnixMs: "1", troubles: all };
}

test.run();
