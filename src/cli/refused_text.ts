/** Writes the LikesServers that a primary rejects: which, since when, why, and the way out. */
import type { ForeignServer, UnrecordedServer } from "../core/primary/refused_servers.ts";
import type { Status } from "../core/primary/status.ts";
import { localSecond } from "../text/local_time.ts";
import { fitText } from "../text/escape.ts";
import { addressText, labelText, shortId } from "../text/names.ts";
import { formatCount } from "../text/numbers.ts";

const MAKE_ROOM = "its reports are rejected until there is room: likes resolve makes room";
const FOREIGN_WAY_OUT =
  "start this primary on its own --data-dir, or point that LikesServer at its own primary";

/** LikesServers named of each sort: all of a sort have the same way out. */
const SHOWN_MAX = 1;

type Refused = Pick<Status, "foreignServers" | "unrecorded" | "ledgerId">;

/** Returns the rejected LikesServers as parts of a line, with the number of those not shown. */
export function refusedParts(view: Refused): string[] {
  const waiting = view.unrecorded.slice(0, SHOWN_MAX).map(unrecordedPart);
  const others = view.foreignServers.slice(0, SHOWN_MAX).map((one) => {
    return foreignServerPart(one, view.ledgerId);
  });
  return [...waiting, ...hiddenUnrecorded(view), ...others, ...hiddenForeign(view)];
}

/** Returns them as lines of at most `columns`, with the number of those not shown. */
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
  return hidden > 0 ? [`… and ${formatCount(hidden)} more with unrecorded trouble`] : [];
}

function hiddenForeign({ foreignServers }: Refused): string[] {
  const hidden = foreignServers.length - SHOWN_MAX;
  if (hidden <= 0) return [];
  return [`… and ${formatCount(hidden)} more from another ledger: likes status --once --json`];
}

/** Returns a foreign server as a part of a line; `ledgerId` is this ledger. */
function foreignServerPart(server: ForeignServer, ledgerId: string): string {
  return `${foreignTitle(server)}, ${foreignDetail(server, ledgerId)} (${FOREIGN_WAY_OUT})`;
}

/** Returns a foreign server as lines of at most `columns`. */
function foreignServerLines(server: ForeignServer, ledgerId: string, columns: number): string[] {
  const more = [foreignDetail(server, ledgerId), FOREIGN_WAY_OUT].map((line) => `  ${line}`);
  return [foreignTitle(server), ...more].map((line) => fitText(line, columns));
}

/** Returns a server with unrecorded trouble as a part of a line. */
function unrecordedPart(server: UnrecordedServer): string {
  return `${unrecordedTitle(server)}, ${unrecordedDetail(server)} (${MAKE_ROOM})`;
}

/** Returns a server with unrecorded trouble as lines of at most `columns`. */
function unrecordedLines(server: UnrecordedServer, columns: number): string[] {
  const more = [unrecordedDetail(server), MAKE_ROOM].map((line) => `  ${line}`);
  return [unrecordedTitle(server), ...more].map((line) => fitText(line, columns));
}

function unrecordedTitle({ serverId, address }: UnrecordedServer): string {
  return `${placeText(serverId, address)} reports trouble that is not recorded`;
}

function unrecordedDetail({ sinceMs, kind, incarnation }: UnrecordedServer): string {
  const about = `${kind} of incarnation ${shortId(incarnation)}`;
  return `since ${localSecond(sinceMs)}: no room for ${about}`;
}

function placeText(serverId: string, address: string): string {
  return labelText(serverId) + (address === "" ? "" : ` at ${addressText(address)}`);
}

function foreignTitle({ serverId, address }: ForeignServer): string {
  return `${placeText(serverId, address)} is from another ledger`;
}

function foreignDetail({ sinceMs, ledgerId: theirs }: ForeignServer, ledgerId: string): string {
  const [its, ours] = [theirs, ledgerId].map(shortId);
  return `since ${localSecond(sinceMs)}: its outbox belongs to ledger ${its}; this is ${ours}`;
}
