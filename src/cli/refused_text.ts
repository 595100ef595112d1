/** Writes the LikesServers that a primary rejects: which, since when, why, and the way out. */
import type {
  ForeignServer,
  RefusedServer,
  UnrecordedServer,
} from "../core/primary/refused_servers.ts";
import type { Status } from "../core/primary/status.ts";
import { localSecond } from "../text/local_time.ts";
import { fitText } from "../text/escape.ts";
import { addressText, labelText, shortId } from "../text/names.ts";
import { formatCount } from "../text/numbers.ts";

type Refused = Pick<Status, "foreignServers" | "unrecorded" | "ledgerId">;

/** What to say of the LikesServers of one sort: all of them have the same way out. */
interface Words<Server> {
  readonly what: string;
  readonly why: (server: Server) => string;
  readonly wayOut: string;
  /** What those are that are not shown. */
  readonly more: string;
}

/** The texts of one sort: those of its first LikesServer, and the number of the others. */
interface Texts {
  readonly title: string;
  readonly detail: string;
  readonly wayOut: string;
  readonly hidden: readonly string[];
}

const UNRECORDED: Words<UnrecordedServer> = {
  what: "reports trouble that is not recorded",
  why: ({ kind, incarnation }) => `no room for ${kind} of incarnation ${shortId(incarnation)}`,
  wayOut: "its reports are rejected until there is room: likes resolve makes room",
  more: "with unrecorded trouble",
};

const OTHER_SECRET: Words<ForeignServer> = {
  what: "has another persons.secret",
  why: ({ fingerprint = "" }) => `its fingerprint is ${shortId(fingerprint)}`,
  wayOut: "copy persons.secret from the data folder of an admitted LikesServer, and start it again",
  more: "with another persons.secret: likes status --once --json",
};

function otherLedger(ledgerId: string): Words<ForeignServer> {
  return {
    what: "is from another ledger",
    why: ({ ledgerId: theirs = "" }) => {
      return `its outbox belongs to ledger ${shortId(theirs)}; this is ${shortId(ledgerId)}`;
    },
    wayOut:
      "start this primary on its own --data-dir, or point that LikesServer at its own primary",
    more: "from another ledger: likes status --once --json",
  };
}

/** Returns the rejected LikesServers as parts of a line, with the number of those not shown. */
export function refusedParts(view: Refused): string[] {
  return textsOf(view).flatMap(({ title, detail, wayOut, hidden }) => {
    return [`${title}, ${detail} (${wayOut})`, ...hidden];
  });
}

/** Returns them as lines of at most `columns`, with the number of those not shown. */
export function refusedLines(view: Refused, columns: number): string[] {
  return textsOf(view).flatMap(({ title, detail, wayOut, hidden }) => {
    const lines = [title, `  ${detail}`, `  ${wayOut}`];
    return [...lines.map((line) => fitText(line, columns)), ...hidden];
  });
}

function textsOf({ unrecorded, foreignServers, ledgerId }: Refused): readonly Texts[] {
  const others = foreignServers.filter((one) => one.ledgerId !== undefined);
  const secrets = foreignServers.filter((one) => one.ledgerId === undefined);
  return [
    ...textsOfSort(unrecorded, UNRECORDED),
    ...textsOfSort(others, otherLedger(ledgerId)),
    ...textsOfSort(secrets, OTHER_SECRET),
  ];
}

function textsOfSort<Server extends RefusedServer>(
  servers: readonly Server[],
  { what, why, wayOut, more }: Words<Server>,
): readonly Texts[] {
  const [first, ...others] = servers;
  if (first === undefined) return [];
  const { serverId, address, sinceMs } = first;
  const place = labelText(serverId) + (address === "" ? "" : ` at ${addressText(address)}`);
  const detail = `since ${localSecond(sinceMs)}: ${why(first)}`;
  const hidden = others.length > 0 ? [`… and ${formatCount(others.length)} more ${more}`] : [];
  return [{ title: `${place} ${what}`, detail, wayOut, hidden }];
}
