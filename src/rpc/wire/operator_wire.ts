/** Converts operator requests and decisions between the core and the wire or `--json`. */
import { REASON_BYTES_MAX } from "../../limits.ts";
import { DECISION_KINDS } from "../../core/ledger/rows.ts";
import type { DecisionKind, DecisionRow } from "../../core/ledger/rows.ts";
import type { OperatorRequest } from "../../core/primary/primary_events.ts";
import type { Decision__Output } from "../gen/likes/v1/Decision.ts";
import type { DecisionKind as WireKind } from "../gen/likes/v1/DecisionKind.ts";
import type { ListTroublesRequest__Output } from "../gen/likes/v1/ListTroublesRequest.ts";
import type { ResolveRequest__Output } from "../gen/likes/v1/ResolveRequest.ts";
import type { RetireRequest__Output } from "../gen/likes/v1/RetireRequest.ts";
import { readTroubleKind, writeTroubleKind } from "./trouble_wire.ts";
import {
  toUint64,
  invalid,
  readIdIfAny,
  readNumber,
  readRange,
  readServerId,
  readText,
  toSafeInteger,
  writeRange,
} from "./wire_fields.ts";

/** The trouble kind of a decision that ends no trouble. */
const NO_TROUBLE = "TROUBLE_KIND_UNSPECIFIED";

type WireKindName = keyof typeof WireKind & string;

/** Returns a checked request to retire. Throws LikesError `message_invalid`. */
export function readRetire({ server, reason }: RetireRequest__Output): OperatorRequest {
  return { type: "retire", server: readServerId(server, "server"), reason: readReason(reason) };
}

/** Returns a checked request to resolve. Throws LikesError `message_invalid`. */
export function readResolve({ troubleNumber, reason }: ResolveRequest__Output): OperatorRequest {
  const number = readNumber("trouble_number", troubleNumber);
  return { type: "resolve", troubleNumber: number, reason: readReason(reason) };
}

/** Returns the LikesServer whose troubles are requested. Throws LikesError `message_invalid`. */
export function readListTroubles({ server }: ListTroublesRequest__Output): string {
  return readServerId(server, "server");
}

/** Returns a decision for the wire; the same object is its proto3 JSON mapping. */
export function writeDecision(decision: DecisionRow): Decision__Output {
  return {
    number: decision.number,
    kind: writeKind(decision.kind),
    troubleKind:
      decision.trouble === undefined ? NO_TROUBLE : writeTroubleKind(decision.trouble.kind),
    troubleNumber: decision.trouble?.number ?? 0,
    outboxId: decision.outboxId ?? "",
    incarnation: decision.incarnation ?? "",
    ...writeRange(decision.givenUp),
    asOfUnixMs: toUint64(decision.asOfMs),
    decidedUnixMs: toUint64(decision.decidedMs),
    reason: decision.reason,
  };
}

/** Returns a decision from the wire. Throws LikesError `message_invalid`. */
export function readDecision(wire: Decision__Output): DecisionRow {
  return {
    number: readNumber("number", wire.number),
    kind: readKind(wire.kind),
    trouble:
      wire.troubleKind === NO_TROUBLE
        ? undefined
        : { number: wire.troubleNumber, kind: readTroubleKind(wire.troubleKind) },
    outboxId: readIdIfAny("outbox_id", wire.outboxId),
    incarnation: readIdIfAny("incarnation", wire.incarnation),
    givenUp: readRange(wire),
    asOfMs: toSafeInteger("as_of_unix_ms", wire.asOfUnixMs),
    decidedMs: toSafeInteger("decided_unix_ms", wire.decidedUnixMs),
    reason: readReason(wire.reason),
  };
}

function writeKind(kind: DecisionKind): WireKindName {
  return `DECISION_KIND_${kind.toUpperCase()}` as WireKindName;
}

function readKind(wire: string): DecisionKind {
  const kind = DECISION_KINDS.find((known) => writeKind(known) === wire);
  if (kind === undefined) throw invalid("kind", JSON.stringify(wire));
  return kind;
}

function readReason(wire: string): string {
  return readText("reason", wire, REASON_BYTES_MAX);
}
