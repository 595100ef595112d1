/** Converts a status between the core and the wire or `--json`. */
import { ADDRESS_BYTES_MAX } from "../../limits.ts";
import type {
  ForeignServer,
  RefusedServer,
  UnrecordedServer,
} from "../../core/primary/refused_servers.ts";
import type { WriteFailure } from "../../core/protocol/write_failure.ts";
import type { ServerState, ServerStatus, Status } from "../../core/primary/status.ts";
import type { ForeignServer__Output } from "../gen/likes/v1/ForeignServer.ts";
import type { ServerStatus__Output } from "../gen/likes/v1/ServerStatus.ts";
import type { StatusResponse__Output } from "../gen/likes/v1/StatusResponse.ts";
import type { UnrecordedServer__Output } from "../gen/likes/v1/UnrecordedServer.ts";
import {
  readTroubleKind,
  readTroubleStatus,
  writeTroubleKind,
  writeTroubleStatus,
} from "./trouble_wire.ts";
import {
  toUint64,
  invalid,
  toBigInt,
  readConvergence,
  readId,
  readIdIfAny,
  readServerId,
  readText,
  toSafeInteger,
  writeConvergence,
} from "./wire_fields.ts";

const WRITE_FAILURE_NAMES = {
  written: "WRITE_FAILURE_UNSPECIFIED",
  disk_full: "WRITE_FAILURE_DISK_FULL",
  store_busy: "WRITE_FAILURE_STORE_BUSY",
} as const;

/** Returns a status for the wire; the same object is its proto3 JSON mapping. */
export function writeStatus(status: Status): StatusResponse__Output {
  return {
    convergence: writeConvergence(status.convergence),
    everywhere: status.everywhere,
    totalLikes: toUint64(status.totalLikes),
    pendingEvents: toUint64(status.pendingEvents),
    asOfUnixMs: toUint64(status.asOfMs),
    nowUnixMs: toUint64(status.nowMs),
    primaryStartedUnixMs: toUint64(status.startedMs),
    ledgerId: status.ledgerId,
    generation: status.generation,
    version: toUint64(status.version),
    servers: status.servers.map(writeServer),
    troubles: status.troubles.map(writeTroubleStatus),
    troubleCount: status.troubleCount,
    foreignServers: status.foreignServers.map(writeForeignServer),
    unrecorded: status.unrecorded.map(writeUnrecorded),
    writeFailure: WRITE_FAILURE_NAMES[status.writeFailure ?? "written"],
  };
}

/** Returns a status from the wire. Throws LikesError `message_invalid`. */
export function readStatus(wire: StatusResponse__Output): Status {
  return {
    convergence: readConvergence(wire.convergence),
    everywhere: wire.everywhere,
    totalLikes: toBigInt(wire.totalLikes),
    pendingEvents: toSafeInteger("pending_events", wire.pendingEvents),
    asOfMs: toSafeInteger("as_of_unix_ms", wire.asOfUnixMs),
    nowMs: toSafeInteger("now_unix_ms", wire.nowUnixMs),
    startedMs: toSafeInteger("primary_started_unix_ms", wire.primaryStartedUnixMs),
    ledgerId: readId("ledger_id", wire.ledgerId),
    generation: readId("generation", wire.generation),
    version: toSafeInteger("version", wire.version),
    servers: wire.servers.map(readServer),
    troubles: wire.troubles.map(readTroubleStatus),
    troubleCount: wire.troubleCount,
    foreignServers: wire.foreignServers.map(readForeignServer),
    unrecorded: wire.unrecorded.map(readUnrecorded),
    writeFailure: readWriteFailure(wire.writeFailure),
  };
}

function writeServer(server: ServerStatus): ServerStatus__Output {
  return {
    serverId: server.serverId,
    outboxId: server.outboxId,
    incarnation: server.incarnation ?? "",
    address: server.address,
    state: `SERVER_STATE_${server.state.toUpperCase()}` as ServerStatus__Output["state"],
    troubleCount: server.troubleCount,
    lastSequence: toUint64(server.lastSequence),
    appliedSequence: toUint64(server.appliedSequence),
    acceptedLikes: toUint64(server.acceptedLikes),
    appliedLikes: toUint64(server.appliedLikes),
    knownTotalLikes: toUint64(server.knownTotalLikes),
    silentForMs: toUint64(server.silentForMs),
    pendingEvents: toUint64(server.pendingEvents),
  };
}

function readServer(wire: ServerStatus__Output): ServerStatus {
  return {
    serverId: readServerId(wire.serverId),
    outboxId: readId("outbox_id", wire.outboxId),
    incarnation: readIdIfAny("incarnation", wire.incarnation),
    address: readText("address", wire.address, ADDRESS_BYTES_MAX),
    state: readState(wire.state),
    troubleCount: wire.troubleCount,
    lastSequence: toSafeInteger("last_sequence", wire.lastSequence),
    appliedSequence: toSafeInteger("applied_sequence", wire.appliedSequence),
    acceptedLikes: toBigInt(wire.acceptedLikes),
    appliedLikes: toBigInt(wire.appliedLikes),
    knownTotalLikes: toBigInt(wire.knownTotalLikes),
    silentForMs: toSafeInteger("silent_for_ms", wire.silentForMs),
    pendingEvents: toSafeInteger("pending_events", wire.pendingEvents),
  };
}

function writeForeignServer({ sinceMs, ...server }: ForeignServer): ForeignServer__Output {
  const { ledgerId = "", fingerprint = "" } = server;
  return { ...server, ledgerId, fingerprint, sinceUnixMs: toUint64(sinceMs) };
}

function readForeignServer(wire: ForeignServer__Output): ForeignServer {
  const server = readRefusedServer(wire);
  const ledgerId = readIdIfAny("ledger_id", wire.ledgerId);
  if (ledgerId !== undefined) return { ...server, ledgerId, fingerprint: undefined };
  return { ...server, ledgerId, fingerprint: readId("fingerprint", wire.fingerprint) };
}

function writeUnrecorded({ sinceMs, kind, ...server }: UnrecordedServer): UnrecordedServer__Output {
  return { ...server, kind: writeTroubleKind(kind), sinceUnixMs: toUint64(sinceMs) };
}

function readUnrecorded(wire: UnrecordedServer__Output): UnrecordedServer {
  return {
    ...readRefusedServer(wire),
    incarnation: readId("incarnation", wire.incarnation),
    kind: readTroubleKind(wire.kind),
  };
}

function readRefusedServer(wire: ForeignServer__Output | UnrecordedServer__Output): RefusedServer {
  return {
    serverId: readServerId(wire.serverId),
    outboxId: readId("outbox_id", wire.outboxId),
    address: readText("address", wire.address, ADDRESS_BYTES_MAX),
    sinceMs: toSafeInteger("since_unix_ms", wire.sinceUnixMs),
  };
}

function readWriteFailure(name: string): WriteFailure | undefined {
  switch (name) {
    case WRITE_FAILURE_NAMES.written:
      return undefined;
    case WRITE_FAILURE_NAMES.disk_full:
      return "disk_full";
    case WRITE_FAILURE_NAMES.store_busy:
      return "store_busy";
    default:
      throw invalid("write_failure", name);
  }
}

function readState(name: string): ServerState {
  switch (name) {
    case "SERVER_STATE_STREAMING":
      return "streaming";
    case "SERVER_STATE_SILENT":
      return "silent";
    default:
      throw invalid("state", name);
  }
}
