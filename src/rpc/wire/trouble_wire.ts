/** Converts troubles between the core and reports, the status or `--json`. */
import { Buffer } from "node:buffer";
import { TROUBLE_DETAIL_BYTES_MAX } from "../../limits.ts";
import { TROUBLE_KINDS } from "../../core/protocol/messages.ts";
import type { ReportedTrouble, TroubleKind } from "../../core/protocol/messages.ts";
import type { TroubleStatus } from "../../core/primary/status.ts";
import type { Trouble as WireTrouble, Trouble__Output } from "../gen/likes/v1/Trouble.ts";
import type { TroubleKind as WireKind } from "../gen/likes/v1/TroubleKind.ts";
import type { TroubleStatus__Output } from "../gen/likes/v1/TroubleStatus.ts";
import {
  toUint64,
  invalid,
  readDigest,
  readId,
  readIdIfAny,
  readNumber,
  readRange,
  readServerId,
  readText,
  toSafeInteger,
  writeRange,
} from "./wire_fields.ts";

type WireKindName = keyof typeof WireKind & string;

/** Returns the kind for the wire, such as `TROUBLE_KIND_GAP`. */
export function writeTroubleKind(kind: TroubleKind): WireKindName {
  return `TROUBLE_KIND_${kind.toUpperCase()}` as WireKindName;
}

/** Returns a kind from the wire. Throws LikesError `message_invalid`. */
export function readTroubleKind(wire: string): TroubleKind {
  // proto-loader decodes a kind that this release does not know as a number.
  const kind = TROUBLE_KINDS.find((known) => writeTroubleKind(known) === wire);
  if (kind === undefined) throw invalid("kind", JSON.stringify(wire));
  return kind;
}

/** Returns a trouble for a report. */
export function writeTrouble(trouble: ReportedTrouble): WireTrouble {
  return {
    kind: writeTroubleKind(trouble.kind),
    incarnation: trouble.incarnation,
    ...writeRange(trouble.events),
    digest: Buffer.from(trouble.digest ?? "", "hex"),
    detail: trouble.detail,
  };
}

/** Returns a checked trouble of a report. Throws LikesError `message_invalid`. */
export function readTrouble(wire: Trouble__Output): ReportedTrouble {
  const kind = readTroubleKind(wire.kind);
  const events = readRange(wire);
  // Once a gap is closed, counting resumes from its digest: a gap with a range must have one.
  const needsDigest = kind === "gap" && events !== undefined;
  if (!needsDigest && wire.digest.length > 0) {
    throw invalid("digest", `${wire.digest.length} bytes, and only a gap with a range has one`);
  }
  return {
    kind,
    incarnation: readId("incarnation", wire.incarnation),
    events,
    digest: needsDigest ? readDigest(wire.digest) : undefined,
    detail: readText("detail", wire.detail, TROUBLE_DETAIL_BYTES_MAX),
  };
}

/** Returns a trouble of the status for the wire; the same object is its proto3 JSON mapping. */
export function writeTroubleStatus(trouble: TroubleStatus): TroubleStatus__Output {
  return {
    number: trouble.number,
    kind: writeTroubleKind(trouble.kind),
    serverId: trouble.serverId ?? "",
    outboxId: trouble.outboxId ?? "",
    incarnation: trouble.incarnation ?? "",
    ...writeRange(trouble.events),
    detail: trouble.detail,
    sinceUnixMs: toUint64(trouble.sinceMs),
    asOfFromUnixMs: toUint64(trouble.doubtfulAsOf?.afterMs ?? 0),
    asOfToUnixMs: toUint64(trouble.doubtfulAsOf?.upToMs ?? 0),
  };
}

/** Returns a trouble of a status, which has no digest. Throws LikesError `message_invalid`. */
export function readTroubleStatus(wire: TroubleStatus__Output): TroubleStatus {
  const afterMs = toSafeInteger("as_of_from_unix_ms", wire.asOfFromUnixMs);
  const upToMs = toSafeInteger("as_of_to_unix_ms", wire.asOfToUnixMs);
  if (upToMs < afterMs) throw invalid("as_of_to_unix_ms", wire.asOfToUnixMs);
  return {
    number: readNumber("number", wire.number),
    kind: readTroubleKind(wire.kind),
    serverId: wire.serverId === "" ? undefined : readServerId(wire.serverId),
    outboxId: readIdIfAny("outbox_id", wire.outboxId),
    incarnation: readIdIfAny("incarnation", wire.incarnation),
    events: readRange(wire),
    digest: undefined,
    detail: readText("detail", wire.detail, TROUBLE_DETAIL_BYTES_MAX),
    sinceMs: toSafeInteger("since_unix_ms", wire.sinceUnixMs),
    doubtfulAsOf: upToMs === 0 ? undefined : { afterMs, upToMs },
  };
}
