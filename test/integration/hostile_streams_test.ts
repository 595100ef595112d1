/**
 * Delivery streams of admitted outboxes that send batches and reports with changed fields and
 * bytes: thousands of them, one per stream. A model of the rule predicts each outcome. Each Welcome
 * must match the model, and the total must equal the likes that the model has applied.
 */
import { isDeepStrictEqual } from "node:util";
import { test } from "uvu";
import * as assert from "uvu/assert";
import type { FromLikesServer, Welcome } from "../../src/core/protocol/messages.ts";
import type { Position } from "../../src/core/protocol/record.ts";
import { MALFORMED, decodedOrMalformed } from "../../src/rpc/wire/malformed.ts";
import { protos } from "../../src/rpc/protos.ts";
import { readFromLikesServer, writeFromLikesServer } from "../../src/rpc/wire/wire.ts";
import type { StreamLikesRequest } from "../../src/rpc/gen/likes/v1/StreamLikesRequest.ts";
import { admit, expectOutcome, newLane } from "../fixtures/delivery_lane.ts";
import type { Fate, Lane } from "../fixtures/delivery_lane.ts";
import { batchAfter, newId, reportOf } from "../fixtures/delivery_peer.ts";
import { extent } from "../fixtures/extent.ts";
import { becomes } from "../fixtures/eventually.ts";
import { mutated, pick, randomOf } from "../fixtures/mutation.ts";
import type { Random } from "../fixtures/mutation.ts";
import { RawDelivery, encoded } from "../fixtures/raw_delivery.ts";
import { residentBytes } from "../fixtures/resident_memory.ts";
import { Counter } from "../fixtures/roles.ts";

const STREAMS = Number(process.env["LIKES_MUTATED"] ?? extent(600, 3_000));
const SEED = Number(process.env["LIKES_SEED"] ?? 7);
/** Outboxes that send concurrently, each on one stream after another. */
const LANES = 16;
/** Pulse times that may come while a stream of this test is open. */
const LABELS_NEAR_MS = 60_000;
const GROWTH_BYTES_MAX = 150 * 1024 * 1024;
const { StreamLikes } = protos.PrimaryService.service;
const decode = decodedOrMalformed(StreamLikes.requestDeserialize);

test("a primary applies what the rule allows when batches and reports are changed", async () => {
  await using counter = new Counter();
  const primary = await counter.startPrimary();
  const a = await counter.startAccepting("a");
  await counter.add(a, 5);
  const before = residentBytes(primary.pid) ?? 0;
  const fates = new Map<Fate | "unsent", number>();
  const lanes = Array.from({ length: LANES }, (_, index) => newLane(`lane-${index}`));
  let left = STREAMS;
  await Promise.all(
    lanes.map(async (lane, index) => {
      const random = randomOf(SEED + index);
      await admit(counter.primary, lane);
      while (left-- > 0) {
        const fate = await tryOne(counter.primary, lane, random);
        fates.set(fate, (fates.get(fate) ?? 0) + 1);
      }
    }),
  );
  console.log(`seed ${SEED}: ${JSON.stringify(Object.fromEntries(fates))}`);
  for (const fate of ["applied", "acknowledged", "INVALID_ARGUMENT", "ABORTED"] as const) {
    assert.ok((fates.get(fate) ?? 0) > STREAMS / 100, `some are ${fate}`);
  }
  assert.not(primary.hasEnded);
  await counter.add(a, 7);
  const expected = lanes.reduce(
    (sum, { position }) => sum + position.likes,
    counter.tally("a").likes,
  );
  await becomes("the good likes counted", async () => {
    return (await counter.status()).totalLikes >= expected;
  });
  assert.is((await counter.status()).totalLikes, expected);
  const growth = (residentBytes(primary.pid) ?? 0) - before;
  assert.ok(growth < GROWTH_BYTES_MAX, `it grew by ${growth} bytes`);
});

/** Says Hello, sends one changed message, and checks the outcome that the rule predicts. */
async function tryOne(address: string, lane: Lane, random: Random): Promise<Fate | "unsent"> {
  await using stream = await RawDelivery.welcomed(address, lane.identity);
  const { welcome } = stream;
  assert.is(welcome.appliedSequence, lane.position.sequence, "nothing else is applied");
  assert.is(welcome.digest, lane.position.digest);
  const { message, after } = goodMessage(lane, welcome, random);
  const good = encoded(message);
  const kind = random(); // one in ten stays unchanged
  const bytes = kind < 0.1 ? good : kind < 0.4 ? mutated(good, random) : changed(message, random);
  const fate = fateOf(bytes, { lane, message, pulseMs: welcome.pulse.pulseMs });
  if (fate === undefined) return "unsent";
  stream.send(bytes);
  await expectOutcome(stream, fate, `${message.type} ${bytes.toString("hex")}`);
  if (fate === "applied") lane.position = after;
  return fate;
}

/** Returns the next batch, or a report that answers a pulse. */
function goodMessage(
  { identity, position }: Lane,
  welcome: Welcome,
  random: Random,
): { readonly message: FromLikesServer; readonly after: Position } {
  const { incarnation } = identity;
  if (random() < 0.3) {
    const change = { lastSequence: position.sequence, acceptedLikes: position.likes };
    const message = reportOf(incarnation, welcome.pulse.pulseMs, change);
    return { message, after: position };
  }
  const likes = Array.from({ length: 1 + random() * 4 }, () => Math.floor(random() * 1_000));
  const { batch, after } = batchAfter(incarnation, position, likes, `item-${pick([1, 2], random)}`);
  return { message: batch, after };
}

/** Returns `message` with one field changed, encoded. */
function changed(message: FromLikesServer, random: Random): Buffer {
  const wire = writeFromLikesServer(message);
  const fields: Record<string, unknown> = { ...(wire.batch ?? wire.report) };
  const name = pick(Object.keys(fields), random);
  fields[name] = changedValue(fields[name], random);
  const changedWire: StreamLikesRequest = wire.batch ? { batch: fields } : { report: fields };
  return StreamLikes.requestSerialize(changedWire);
}

function changedValue(value: unknown, random: Random): unknown {
  if (typeof value === "boolean") return !value;
  if (Buffer.isBuffer(value)) return mutated(value, random);
  if (Array.isArray(value)) {
    const one: unknown = value[0] ?? { kind: 5, incarnation: newId(), detail: "made up" };
    const [record] = value as { readonly firstSequence: string; readonly events: Buffer }[];
    const other = record && { ...record, events: mutated(record.events, random) };
    return pick([[], [...value, one], Array(300).fill(one), [other ?? one]], random);
  }
  const text = String(value);
  if (text.length === 32) {
    return pick(["", newId(), text.toUpperCase(), text.slice(1), `${text}0`], random);
  }
  const number = BigInt(text);
  const near = [number + 1n, number > 0n ? number - 1n : 3n, number / 2n];
  return String(pick([...near, 0n, 2n ** 53n, 2n ** 63n - 1n], random));
}

/**
 * Returns the outcome that the rule predicts for bytes, which may still be `message`. Undefined for
 * a report whose pulse time may be in flight.
 */
function fateOf(
  bytes: Buffer,
  { lane, message, pulseMs }: { lane: Lane; message: FromLikesServer; pulseMs: number },
): Fate | undefined {
  const { identity, position } = lane;
  const found = read(bytes);
  if (found === undefined || found.type === "hello") return "INVALID_ARGUMENT";
  if (found.incarnation !== identity.incarnation) return "INVALID_ARGUMENT";
  if (found.type === "report") {
    const isLater = found.pulseMs > pulseMs && found.pulseMs <= pulseMs + LABELS_NEAR_MS;
    if (isLater) return undefined;
    return found.pulseMs === pulseMs ? "acknowledged" : "INVALID_ARGUMENT";
  }
  if (found.events.last <= position.sequence) return "acknowledged";
  // The digest covers each byte of the events: only the original batch matches it.
  return isDeepStrictEqual(found, read(encoded(message))) ? "applied" : "ABORTED";
}

function read(bytes: Buffer): FromLikesServer | undefined {
  const wire = decode(bytes);
  if (wire === MALFORMED) return undefined;
  try {
    return readFromLikesServer(wire);
  } catch {
    return undefined; // a field is out of its bounds
  }
}

test.run();
