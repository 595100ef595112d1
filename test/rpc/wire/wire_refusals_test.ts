/** Every invalid field from a peer is refused before the core sees it. */
import { Buffer } from "node:buffer";
import { test } from "uvu";
import * as assert from "uvu/assert";
import { readFromLikesServer, readFromPrimary } from "../../../src/rpc/wire/wire.ts";
import { faultOf, testId } from "../../store/faults.ts";
import { WIRE_HELLO, recode, recodeResponse } from "../over_the_wire.ts";

const ID = testId(1);
const BAD_IDS = ["", "1", testId(1).slice(1), `${ID}0`, "G".repeat(32), "A".repeat(32)];
const BAD_NUMBERS = ["9007199254740992", "18446744073709551615"];
const BAD_SEQUENCES = ["0", ...BAD_NUMBERS];
const DIGEST = Buffer.alloc(16);
const BAD_DIGESTS = [Buffer.alloc(0), Buffer.alloc(15), Buffer.alloc(17)];

const RECORD = { firstSequence: "1", events: Buffer.alloc(3) };
const BATCH = {
  incarnation: ID,
  firstSequence: "1",
  lastSequence: "1",
  records: [RECORD],
  digest: DIGEST,
};
const REPORT = { incarnation: ID, pulseUnixMs: "1" };
const TROUBLE = { kind: "TROUBLE_KIND_GAP", incarnation: ID, detail: "" } as const;
const PULSE = { pulseUnixMs: "1", generation: ID, convergence: "CONVERGENCE_UNKNOWN" } as const;
const WELCOME = { ledgerId: ID, generation: ID, digest: DIGEST, pulse: PULSE };
const ACK = { incarnation: ID };

test("readFromLikesServer() accepts the messages that the other tests change", () => {
  for (const wire of [{ hello: WIRE_HELLO }, { batch: BATCH }, { report: REPORT }]) {
    readFromLikesServer(recode(wire));
  }
});

test("readFromLikesServer() refuses an empty message", async () => {
  await refused("message", {});
});

test("readFromLikesServer() refuses a Hello when a field is out of bounds", async () => {
  const hello = (field: string, change: object) =>
    refused(field, { hello: { ...WIRE_HELLO, ...change } });
  for (const serverId of ["", "a b", "é", "a/b", "a".repeat(65)]) {
    await hello("server_id", { serverId });
  }
  await hello("address", { address: "a".repeat(257) });
  await hello("address", { address: "a\nb" });
  for (const bad of BAD_IDS) {
    await hello("outbox_id", { outboxId: bad });
    await hello("incarnation", { incarnation: bad });
    await hello("fingerprint", { fingerprint: bad });
    await hello("generation", { ledgerId: ID, generation: bad });
    if (bad !== "") await hello("ledger_id", { ledgerId: bad, generation: ID });
  }
  for (const bad of BAD_NUMBERS) {
    await hello("acknowledged_sequence", { acknowledgedSequence: bad });
    await hello("version", { ledgerId: ID, generation: ID, version: bad });
  }
});

test("readFromLikesServer() refuses a batch when a field is out of bounds", async () => {
  const batch = (field: string, change: object) =>
    refused(field, { batch: { ...BATCH, ...change } });
  for (const bad of BAD_IDS) await batch("incarnation", { incarnation: bad });
  for (const digest of BAD_DIGESTS) await batch("digest", { digest });
  for (const bad of BAD_SEQUENCES) {
    await batch("first_sequence", { firstSequence: bad });
    await batch("last_sequence", { lastSequence: bad });
    await batch("first_sequence", { records: [{ ...RECORD, firstSequence: bad }] });
  }
  await batch("last_sequence", { firstSequence: "5", lastSequence: "4" });
  await batch("records", { records: [] });
  await batch("records", { records: Array.from({ length: 257 }, () => RECORD) });
  await batch("events", { records: [{ ...RECORD, events: Buffer.alloc(320 * 1024 + 1) }] });
});

test("readFromLikesServer() refuses a report when a field is out of bounds", async () => {
  const report = (field: string, change: object) =>
    refused(field, { report: { ...REPORT, ...change } });
  for (const bad of BAD_IDS) await report("incarnation", { incarnation: bad });
  await report("pulse_unix_ms", { pulseUnixMs: "-1" });
  for (const bad of BAD_NUMBERS) {
    await report("last_sequence", { lastSequence: bad });
    await report("other_pending_events", { otherPendingEvents: bad });
    await report("shown_version", { shownVersion: bad });
  }
  await report("leaving", { leaving: true, final: false });
  await report("troubles", { troubles: Array.from({ length: 17 }, () => TROUBLE) });
  await report("detail", { troubles: [{ ...TROUBLE, detail: "a".repeat(513) }] });
  await report("detail", { troubles: [{ ...TROUBLE, detail: "\u001b[2J" }] });
  for (const kind of [0, 8, 99, "TROUBLE_KIND_UNSPECIFIED"]) {
    await report("kind", { troubles: [{ ...TROUBLE, kind }] });
  }
});

test("readFromLikesServer() refuses a trouble with invalid events or digest", async () => {
  const trouble = (field: string, change: object) =>
    refused(field, { report: { ...REPORT, troubles: [{ ...TROUBLE, ...change }] } });
  for (const bad of BAD_IDS) await trouble("incarnation", { incarnation: bad });
  for (const bad of BAD_NUMBERS) {
    await trouble("first_sequence", { firstSequence: bad });
    await trouble("last_sequence", { firstSequence: "1", lastSequence: bad });
  }
  await trouble("first_sequence", { firstSequence: "0", lastSequence: "5" });
  await trouble("last_sequence", { firstSequence: "5", lastSequence: "0" });
  await trouble("last_sequence", { firstSequence: "5", lastSequence: "4" });
  const gap = { firstSequence: "1", lastSequence: "4" };
  for (const digest of BAD_DIGESTS) await trouble("digest", { ...gap, digest });
  await trouble("digest", { digest: DIGEST });
  const other = { ...gap, kind: "TROUBLE_KIND_DIGEST_DIFFERS", digest: DIGEST };
  await trouble("digest", other);
});

test("readFromPrimary() refuses a message when a field is out of bounds", async () => {
  await refusedResponse("message", {});
  for (const bad of BAD_IDS) {
    await refusedResponse("ledger_id", { welcome: { ...WELCOME, ledgerId: bad } });
    await refusedResponse("generation", { pulse: { ...PULSE, generation: bad } });
    await refusedResponse("incarnation", { ack: { ...ACK, incarnation: bad } });
  }
  for (const digest of BAD_DIGESTS) {
    await refusedResponse("digest", { welcome: { ...WELCOME, digest } });
  }
  await refusedResponse("pulse", { welcome: { ...WELCOME, pulse: null } });
  for (const bad of BAD_NUMBERS) {
    await refusedResponse("applied_sequence", { ack: { ...ACK, appliedSequence: bad } });
    await refusedResponse("version", { pulse: { ...PULSE, version: bad } });
  }
  for (const bad of BAD_IDS) {
    await refusedResponse("resolved", { ack: { ...ACK, resolved: [ID, bad] } });
  }
  const resolved = Array.from({ length: 17 }, () => ID);
  await refusedResponse("resolved", { ack: { ...ACK, resolved } });
  await refusedResponse("as_of_unix_ms", { pulse: { ...PULSE, asOfUnixMs: "-1" } });
  for (const convergence of [0, 4]) {
    await refusedResponse("convergence", { pulse: { ...PULSE, convergence } });
  }
});

async function refused(field: string, wire: object): Promise<void> {
  const message = recode(wire);
  const fault = await faultOf("message_invalid", () => readFromLikesServer(message));
  assert.match(fault.message, `whose ${field} is`);
}

async function refusedResponse(field: string, wire: object): Promise<void> {
  const message = recodeResponse(wire);
  const fault = await faultOf("message_invalid", () => readFromPrimary(message));
  assert.match(fault.message, `whose ${field} is`);
}

test.run();
