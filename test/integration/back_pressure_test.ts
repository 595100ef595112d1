/**
 * Backpressure on the primary: flow control holds back a peer that sends as fast as it can and
 * never reads. The peer costs no memory and delays no other peer, and its events count.
 */
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "uvu";
import * as assert from "uvu/assert";
import type { FromLikesServer } from "../../src/core/protocol/messages.ts";
import type { Position } from "../../src/core/protocol/record.ts";
import { STATUS } from "../../src/errors.ts";
import { PRIMARY_LOG_NAME } from "../../src/log/log_file.ts";
import { protos } from "../../src/rpc/protos.ts";
import { readFromPrimary, writeFromLikesServer } from "../../src/rpc/wire/wire.ts";
import { batchAfter, helloOf, newIdentity, reportOf } from "../fixtures/delivery_peer.ts";
import type { Identity } from "../fixtures/delivery_peer.ts";
import { becomes, within } from "../fixtures/eventually.ts";
import { RawCall } from "../fixtures/raw_call.ts";
import { residentBytes } from "../fixtures/resident_memory.ts";
import { Counter } from "../fixtures/roles.ts";

const { StreamLikes } = protos.PrimaryService.service;
const MIB = 1024 * 1024;
const BATCHES = 600;
const EVENTS = 800;
const LONG = "/long".repeat(50);
/** The primary's allowed growth: less than the flood, so the flood cannot have been queued. */
const GROWTH_BYTES_MAX = 96 * MIB;

test("only a peer that floods without reading is held back", async () => {
  await using counter = new Counter();
  const primary = await counter.startPrimary();
  const a = await counter.startAccepting("a");
  const identity = newIdentity("flooding");
  await using peer = await admitted(counter.primary, identity);
  const before = residentBytes(primary.pid);
  const sentBytes = flood(peer, identity);
  let peak = 0;
  await counter.add(a, 5, "among");
  const expected = BigInt(BATCHES * EVENTS) + 5n;
  // A slow machine drops the peer before the end of the flood.
  await becomes("all sent events counted, or the end", async () => {
    peak = Math.max(peak, residentBytes(primary.pid) ?? 0);
    return (await counter.status()).totalLikes === expected || isGivenUp(counter);
  });
  assert.ok(sentBytes > GROWTH_BYTES_MAX, `${sentBytes} bytes were sent`);
  if (before !== undefined) {
    assert.ok(peak - before < GROWTH_BYTES_MAX, `${before} bytes grew to ${peak}`);
  }
  // The peer never answered a pulse: the primary drops it, and logs why.
  const ended = within("the end", peer.ended);
  peer.read(() => {});
  const { code, details } = await ended;
  await becomes("the reason in the log", () => isGivenUp(counter));
  // A slow reader is cut before the status reaches it.
  if (!Number.isNaN(code)) {
    assert.is(code, STATUS.DEADLINE_EXCEEDED, details);
    assert.match(details, "Report");
  }
  const { totalLikes } = await counter.status();
  assert.ok(totalLikes > 5n && totalLikes <= expected, `${totalLikes} of ${expected}`);
  assert.is(
    (totalLikes - 5n) % BigInt(EVENTS),
    0n,
    "each batch is in the total as a whole or not at all",
  );
});

function isGivenUp({ logDir }: Counter): boolean {
  const log = readFileSync(join(logDir, PRIMARY_LOG_NAME, "log.txt"), "utf8");
  return log.includes("Cannot wait longer for a Report");
}

/** Sends everything at once, ignoring backpressure. Returns the number of bytes. */
function flood(peer: RawCall, { incarnation }: Identity): number {
  const likes = Array.from({ length: EVENTS }, () => 1);
  let position: Position | undefined;
  let bytes = 0;
  for (let sent = 0; sent < BATCHES; sent++) {
    const { batch, after } = batchAfter(incarnation, position, likes, `flood${LONG}`);
    const message = encode(batch);
    peer.send(message);
    bytes += message.length;
    position = after;
  }
  return bytes;
}

/** Opens a stream that is admitted and then stops reading. */
async function admitted(address: string, identity: Identity): Promise<RawCall> {
  const peer = new RawCall(address, StreamLikes.path);
  peer.send(encode(helloOf(identity, {})));
  const ready = new Promise<void>((resolve) => {
    peer.read((bytes) => {
      const message = readFromPrimary(StreamLikes.responseDeserialize(bytes));
      if (message.type === "ack") resolve();
      if (message.type !== "welcome") return;
      peer.send(encode(reportOf(identity.incarnation, message.pulse.pulseMs, {})));
    });
  });
  await within("the admission", ready);
  peer.stopReading();
  return peer;
}

function encode(message: FromLikesServer): Buffer {
  return StreamLikes.requestSerialize(writeFromLikesServer(message));
}

test.run();
