/** LikesServers that a primary refuses in words: which, since when, why, and what ends it. */
import type { ForeignServer, UnrecordedServer } from "../core/primary/refused_servers.ts";
import type { Status } from "../core/primary/status.ts";
import { localSecond } from "../text/local_time.ts";
import { fitText } from "../text/escape.ts";
import { addressText, labelText, shortId } from "../text/names.ts";
import { formatCount } from "../text/numbers.ts";

const DECIDE =
  "nothing that it reports is taken before there is room: likes resolve ends what waits";
const WAY_OUT =
  "start this primary on its own --data-dir, or point that LikesServer to its own primary";

/** LikesServers that are named, of each sort: each has the same way out. */
const SHOWN_MAX = 1;

type Refused = Pick<Status, "foreignServers" | "unrecorded" | "ledgerId">;

/** Who is refused, as parts of a line, and how many there are besides. */
export function refusedParts(view: Refused): string[] {
  const waiting = view.unrecorded.slice(0, SHOWN_MAX).map(unrecordedPart);
  const others = view.foreignServers.slice(0, SHOWN_MAX).map((one) => {
    return foreignServersPart(one, view.ledgerId);
  });
  return [...waiting, ...hiddenUnrecorded(view), ...others, ...hiddenForeign(view)];
}

/** Who is refused, as lines of at most `columns`, and how many there are besides. */
export function refusedLines(view: Refused, columns: number): string[] {
  const waiting = view.unrecorded.slice(0, SHOWN_MAX).flatMap((one) => {
    return unrecordedLines(one, columns);
  });
  const others = view.foreignServers.slice(0, SHOWN_MAX).flatMap((one) => {
    return foreignServerLines(one, view.ledgerId, columns);
  });
  return [...waiting, ...hiddenUnrecorded(view), ...others, ...hiddenForeign(view)];
}

function hiddenUnrecorded({ unrecorded }: Refused): string[] {
  const hidden = unrecorded.length - SHOWN_MAX;
  return hidden > 0 ? [`… and ${formatCount(hidden)} more whose trouble is not recorded`] : [];
}

function hiddenForeign({ foreignServers }: Refused): string[] {
  const hidden = foreignServers.length - SHOWN_MAX;
  if (hidden <= 0) return [];
  return [`… and ${formatCount(hidden)} more of another ledger: likes status --once --json`];
}

/** One as a part of a line, of the status of ledger `ledgerId`. */
function foreignServersPart(server: ForeignServer, ledgerId: string): string {
  return `${whoText(server)}, ${whatText(server, ledgerId)} (${WAY_OUT})`;
}

/** One as lines of at most `columns`. */
function foreignServerLines(server: ForeignServer, ledgerId: string, columns: number): string[] {
  const more = [whatText(server, ledgerId), WAY_OUT].map((line) => `  ${line}`);
  return [whoText(server), ...more].map((line) => fitText(line, columns));
}

/** One whose trouble has no room, as a part of a line. */
function unrecordedPart(server: UnrecordedServer): string {
  return `${bringsText(server)}, ${lackText(server)} (${DECIDE})`;
}

/** One whose trouble has no room, as lines of at most `columns`. */
function unrecordedLines(server: UnrecordedServer, columns: number): string[] {
  const more = [lackText(server), DECIDE].map((line) => `  ${line}`);
  return [bringsText(server), ...more].map((line) => fitText(line, columns));
}

function bringsText({ serverId, address }: UnrecordedServer): string {
  return `${placeText(serverId, address)} brings trouble that is not recorded`;
}

function lackText({ sinceMs, kind, incarnation }: UnrecordedServer): string {
  return `since ${localSecond(sinceMs)}: ${kind} at incarnation ${shortId(incarnation)} has no room`;
}

function placeText(serverId: string, address: string): string {
  return labelText(serverId) + (address === "" ? "" : ` at ${addressText(address)}`);
}

function whoText({ serverId, address }: ForeignServer): string {
  return `${placeText(serverId, address)} is of another ledger`;
}

function whatText({ sinceMs, ledgerId: theirs }: ForeignServer, ledgerId: string): string {
  const [its, ours] = [theirs, ledgerId].map(shortId);
  return `since ${localSecond(sinceMs)}: its outbox belongs to ledger ${its}, and this is ${ours}`;
}
