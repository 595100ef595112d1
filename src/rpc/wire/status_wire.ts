/** Between the status of the core, and that of the wire and of `--json`. */
import { LikesError } from "../../errors.ts";
import type { MisdirectedServer, UnrecordedServer } from "../../core/primary/refused_servers.ts";
import type { WriteFailure } from "../../core/protocol/write_failure.ts";
import type { ServerState, ServerStatus, Status } from "../../core/primary/status.ts";
import type { MisdirectedServer__Output } from "../gen/likes/v1/MisdirectedServer.ts";
import type { ServerStatus__Output } from "../gen/likes/v1/ServerStatus.ts";
import type { StatusResponse__Output } from "../gen/likes/v1/StatusResponse.ts";
import type { UnrecordedServer__Output } from "../gen/likes/v1/UnrecordedServer.ts";
import {
  readTroubleKind,
  readTroubleStatus,
  writeTroubleKind,
  writeTroubleStatus,
} from "./trouble_wire.ts";
import { count, likes, readConvergence, safe, writeConvergence } from "./wire_fields.ts";

const UNWRITTEN_NAMES = {
  written: "UNWRITTEN_UNSPECIFIED",
  full: "UNWRITTEN_DISK_FULL",
  busy: "UNWRITTEN_STORE_BUSY",
} as const;

/** A status for the wire; the same object is its proto3 JSON mapping. */
export function writeStatus(status: Status): StatusResponse__Output {
  return {
    convergence: writeConvergence(status.convergence),
    everywhere: status.everywhere,
    totalLikes: count(status.totalLikes),
    pendingEvents: count(status.pendingEvents),
    asOfUnixMs: count(status.asOfMs),
    nowUnixMs: count(status.nowMs),
    primaryStartedUnixMs: count(status.startedMs),
    ledgerId: status.ledgerId,
    generation: status.generation,
    version: count(status.version),
    servers: status.servers.map(writeServer),
    troubles: status.troubles.map(writeTroubleStatus),
    troubleCount: status.troubleCount,
    misdirected: status.misdirected.map(writeMisdirected),
    unrecorded: status.unrecorded.map(writeUnrecorded),
    unwritten: UNWRITTEN_NAMES[status.unwritten ?? "written"],
  };
}

/** A status from the wire. Throws LikesError `message_invalid`. */
export function readStatus(wire: StatusResponse__Output): Status {
  return {
    convergence: readConvergence(wire.convergence),
    everywhere: wire.everywhere,
    totalLikes: likes(wire.totalLikes),
    pendingEvents: safe("pending_events", wire.pendingEvents),
    asOfMs: safe("as_of_unix_ms", wire.asOfUnixMs),
    nowMs: safe("now_unix_ms", wire.nowUnixMs),
    startedMs: safe("primary_started_unix_ms", wire.primaryStartedUnixMs),
    ledgerId: wire.ledgerId,
    generation: wire.generation,
    version: safe("version", wire.version),
    servers: wire.servers.map(readServer),
    troubles: wire.troubles.map(readTroubleStatus),
    troubleCount: wire.troubleCount,
    misdirected: wire.misdirected.map(readMisdirected),
    unrecorded: wire.unrecorded.map(readUnrecorded),
    unwritten: readUnwritten(wire.unwritten),
  };
}

function writeServer(server: ServerStatus): ServerStatus__Output {
  return {
    serverId: server.serverId,
    outboxId: server.outboxId,
    incarnation: server.incarnation,
    address: server.address,
    state: `SERVER_STATE_${server.state.toUpperCase()}` as ServerStatus__Output["state"],
    trouble: server.trouble,
    lastSequence: count(server.lastSequence),
    appliedSequence: count(server.appliedSequence),
    acceptedLikes: count(server.acceptedLikes),
    appliedLikes: count(server.appliedLikes),
    knownTotalLikes: count(server.knownTotalLikes),
    silentForMs: count(server.silentForMs),
    pendingEvents: count(server.pendingEvents),
  };
}

function readServer(wire: ServerStatus__Output): ServerStatus {
  return {
    serverId: wire.serverId,
    outboxId: wire.outboxId,
    incarnation: wire.incarnation,
    address: wire.address,
    state: readState(wire.state),
    trouble: wire.trouble,
    lastSequence: safe("last_sequence", wire.lastSequence),
    appliedSequence: safe("applied_sequence", wire.appliedSequence),
    acceptedLikes: likes(wire.acceptedLikes),
    appliedLikes: likes(wire.appliedLikes),
    knownTotalLikes: likes(wire.knownTotalLikes),
    silentForMs: safe("silent_for_ms", wire.silentForMs),
    pendingEvents: safe("pending_events", wire.pendingEvents),
  };
}

function writeMisdirected({ sinceMs, ...server }: MisdirectedServer): MisdirectedServer__Output {
  return { ...server, sinceUnixMs: count(sinceMs) };
}

function readMisdirected({ sinceUnixMs, ...server }: MisdirectedServer__Output): MisdirectedServer {
  return { ...server, sinceMs: safe("since_unix_ms", sinceUnixMs) };
}

function writeUnrecorded({ sinceMs, kind, ...server }: UnrecordedServer): UnrecordedServer__Output {
  return { ...server, kind: writeTroubleKind(kind), sinceUnixMs: count(sinceMs) };
}

function readUnrecorded({
  sinceUnixMs,
  kind,
  ...server
}: UnrecordedServer__Output): UnrecordedServer {
  return {
    ...server,
    kind: readTroubleKind(kind),
    sinceMs: safe("since_unix_ms", sinceUnixMs),
  };
}

function readUnwritten(name: string): WriteFailure | undefined {
  switch (name) {
    case UNWRITTEN_NAMES.written:
      return undefined;
    case UNWRITTEN_NAMES.full:
      return "full";
    case UNWRITTEN_NAMES.busy:
      return "busy";
    default:
      throw new LikesError("message_invalid", `Cannot take a status that is unwritten by ${name}`);
  }
}

function readState(name: string): ServerState {
  switch (name) {
    case "SERVER_STATE_STREAMING":
      return "streaming";
    case "SERVER_STATE_SILENT":
      return "silent";
    default:
      throw new LikesError("message_invalid", `Cannot take a status whose server state is ${name}`);
  }
}
