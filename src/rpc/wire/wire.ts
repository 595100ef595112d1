/**
 * Converts messages between the wire and the core. Every field from a peer is checked before the
 * core sees it.
 *
 * proto-loader decodes 64-bit fields as text. It encodes a bad number as 0, and drops a misspelt
 * field. The generated types catch misspelt fields, and only checked numbers are encoded.
 */
import { Buffer } from "node:buffer";
import {
  ADDRESS_BYTES_MAX,
  BATCH_RECORDS_MAX,
  RECORD_BYTES_MAX,
  TROUBLES_MAX,
} from "../../limits.ts";
import type {
  Ack,
  FromLikesServer,
  FromPrimary,
  Hello,
  LikeBatch,
  Pulse,
  Report,
  Welcome,
} from "../../core/protocol/messages.ts";
import type { LikeRecord } from "../../core/protocol/record.ts";
import type { Ack__Output } from "../gen/likes/v1/Ack.ts";
import type { Hello__Output } from "../gen/likes/v1/Hello.ts";
import type { LikeBatch__Output } from "../gen/likes/v1/LikeBatch.ts";
import type { Pulse__Output } from "../gen/likes/v1/Pulse.ts";
import type { Report__Output } from "../gen/likes/v1/Report.ts";
import type {
  StreamLikesRequest,
  StreamLikesRequest__Output,
} from "../gen/likes/v1/StreamLikesRequest.ts";
import type {
  StreamLikesResponse,
  StreamLikesResponse__Output,
} from "../gen/likes/v1/StreamLikesResponse.ts";
import type { Welcome__Output } from "../gen/likes/v1/Welcome.ts";
import { readTrouble, writeTrouble } from "./trouble_wire.ts";
import {
  toUint64,
  invalid,
  toBigInt,
  readConvergence,
  readDigest,
  readId,
  readSequence,
  readServerId,
  readText,
  toSafeInteger,
  writeConvergence,
  writeRange,
} from "./wire_fields.ts";

/** Returns a checked message from a LikesServer. Throws LikesError `message_invalid`. */
export function readFromLikesServer(wire: StreamLikesRequest__Output): FromLikesServer {
  if (wire.hello) return readHello(wire.hello);
  if (wire.batch) return readBatch(wire.batch);
  if (wire.report) return readReport(wire.report);
  throw invalid("message", "absent or of an unknown kind");
}

/** Returns a message for the primary. */
export function writeFromLikesServer(message: FromLikesServer): StreamLikesRequest {
  switch (message.type) {
    case "hello":
      return { hello: writeHello(message) };
    case "batch":
      return { batch: writeBatch(message) };
    case "report":
      return { report: writeReport(message) };
  }
}

/** Returns a checked message from the primary. Throws LikesError `message_invalid`. */
export function readFromPrimary(wire: StreamLikesResponse__Output): FromPrimary {
  if (wire.welcome) return readWelcome(wire.welcome);
  if (wire.ack) return readAck(wire.ack);
  if (wire.pulse) return readPulse(wire.pulse);
  throw invalid("message", "absent or of an unknown kind");
}

/** Returns a message for a LikesServer. */
export function writeFromPrimary(message: FromPrimary): StreamLikesResponse {
  switch (message.type) {
    case "welcome": {
      const { type: _, pulse, digest, appliedSequence, ...rest } = message;
      const checked = {
        appliedSequence: toUint64(appliedSequence),
        digest: Buffer.from(digest, "hex"),
      };
      return { welcome: { ...rest, ...checked, pulse: writePulse(pulse) } };
    }
    case "ack": {
      const { type: _, appliedSequence, version, resolved, ...rest } = message;
      const checked = { appliedSequence: toUint64(appliedSequence), version: toUint64(version) };
      return { ack: { ...rest, ...checked, resolved: [...resolved] } };
    }
    case "pulse":
      return { pulse: writePulse(message) };
  }
}

function readHello(wire: Hello__Output): Hello {
  return {
    type: "hello",
    protocolVersion: wire.protocolVersion,
    serverId: readServerId(wire.serverId),
    address: readText("address", wire.address, ADDRESS_BYTES_MAX),
    outboxId: readId("outbox_id", wire.outboxId),
    incarnation: readId("incarnation", wire.incarnation),
    acknowledgedSequence: toSafeInteger("acknowledged_sequence", wire.acknowledgedSequence),
    seen:
      wire.ledgerId === ""
        ? undefined
        : {
            ledgerId: readId("ledger_id", wire.ledgerId),
            generation: readId("generation", wire.generation),
            version: toSafeInteger("version", wire.version),
          },
    fingerprint: readId("fingerprint", wire.fingerprint),
  };
}

function writeHello(hello: Hello): StreamLikesRequest["hello"] & object {
  const { type: _, seen, acknowledgedSequence, ...rest } = hello;
  return {
    ...rest,
    acknowledgedSequence: toUint64(acknowledgedSequence),
    ledgerId: seen?.ledgerId ?? "",
    generation: seen?.generation ?? "",
    version: toUint64(seen?.version ?? 0),
  };
}

function readBatch(wire: LikeBatch__Output): LikeBatch {
  const { records } = wire;
  if (records.length === 0 || records.length > BATCH_RECORDS_MAX) {
    throw invalid("records", `${records.length} of them`);
  }
  const first = readSequence("first_sequence", wire.firstSequence);
  const last = readSequence("last_sequence", wire.lastSequence);
  if (last < first) throw invalid("last_sequence", wire.lastSequence);
  const starts = records.map((record) => readSequence("first_sequence", record.firstSequence));
  return {
    type: "batch",
    incarnation: readId("incarnation", wire.incarnation),
    events: { first, last },
    records: records.map(({ events }, index): LikeRecord => {
      if (events.length > RECORD_BYTES_MAX) throw invalid("events", `${events.length} bytes`);
      const start = starts[index] ?? first;
      return {
        events: { first: start, last: (starts[index + 1] ?? last + 1) - 1 },
        bytes: events,
      };
    }),
    digest: readDigest(wire.digest),
  };
}

function writeBatch(batch: LikeBatch): StreamLikesRequest["batch"] & object {
  return {
    incarnation: batch.incarnation,
    ...writeRange(batch.events),
    records: batch.records.map(({ events, bytes }) => ({
      firstSequence: toUint64(events.first),
      events: Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length),
    })),
    digest: Buffer.from(batch.digest, "hex"),
  };
}

function readReport(wire: Report__Output): Report {
  if (wire.troubles.length > TROUBLES_MAX)
    throw invalid("troubles", `${wire.troubles.length} of them`);
  if (wire.leaving && !wire.final) throw invalid("leaving", "set without final");
  return {
    type: "report",
    incarnation: readId("incarnation", wire.incarnation),
    pulseMs: toSafeInteger("pulse_unix_ms", wire.pulseUnixMs),
    lastSequence: toSafeInteger("last_sequence", wire.lastSequence),
    acceptedLikes: toBigInt(wire.acceptedLikes),
    acknowledgedEvents: toSafeInteger("acknowledged_events", wire.acknowledgedEvents),
    final: wire.final,
    leaving: wire.leaving,
    otherPendingEvents: toSafeInteger("other_pending_events", wire.otherPendingEvents),
    shownVersion: toSafeInteger("shown_version", wire.shownVersion),
    shownTotalLikes: toBigInt(wire.shownTotalLikes),
    troubles: wire.troubles.map(readTrouble),
  };
}

function writeReport(report: Report): StreamLikesRequest["report"] & object {
  return {
    incarnation: report.incarnation,
    pulseUnixMs: toUint64(report.pulseMs),
    lastSequence: toUint64(report.lastSequence),
    acceptedLikes: toUint64(report.acceptedLikes),
    acknowledgedEvents: toUint64(report.acknowledgedEvents),
    final: report.final,
    leaving: report.leaving,
    otherPendingEvents: toUint64(report.otherPendingEvents),
    shownVersion: toUint64(report.shownVersion),
    shownTotalLikes: toUint64(report.shownTotalLikes),
    troubles: report.troubles.map(writeTrouble),
  };
}

function readWelcome(wire: Welcome__Output): Welcome {
  if (wire.pulse === null) throw invalid("pulse", "absent");
  return {
    type: "welcome",
    ledgerId: readId("ledger_id", wire.ledgerId),
    generation: readId("generation", wire.generation),
    appliedSequence: toSafeInteger("applied_sequence", wire.appliedSequence),
    digest: readDigest(wire.digest),
    redeliver: wire.redeliver,
    pulse: readPulse(wire.pulse),
  };
}

function readAck(wire: Ack__Output): Ack {
  if (wire.resolved.length > TROUBLES_MAX)
    throw invalid("resolved", `${wire.resolved.length} of them`);
  return {
    type: "ack",
    incarnation: readId("incarnation", wire.incarnation),
    appliedSequence: toSafeInteger("applied_sequence", wire.appliedSequence),
    version: toSafeInteger("version", wire.version),
    closed: wire.closed,
    admitted: wire.admitted,
    left: wire.left,
    resolved: wire.resolved.map((incarnation) => readId("resolved", incarnation)),
  };
}

function readPulse(wire: Pulse__Output): Pulse {
  return {
    type: "pulse",
    pulseMs: toSafeInteger("pulse_unix_ms", wire.pulseUnixMs),
    generation: readId("generation", wire.generation),
    version: toSafeInteger("version", wire.version),
    totalLikes: toBigInt(wire.totalLikes),
    asOfMs: toSafeInteger("as_of_unix_ms", wire.asOfUnixMs),
    convergence: readConvergence(wire.convergence),
  };
}

function writePulse(pulse: Pulse): StreamLikesResponse["pulse"] & object {
  return {
    pulseUnixMs: toUint64(pulse.pulseMs),
    generation: pulse.generation,
    version: toUint64(pulse.version),
    totalLikes: toUint64(pulse.totalLikes),
    asOfUnixMs: toUint64(pulse.asOfMs),
    convergence: writeConvergence(pulse.convergence),
  };
}
