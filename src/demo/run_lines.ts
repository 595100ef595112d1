/** What is said of a run while it goes on, by lines: in the parent's log, and where nobody draws. */
import { countOf } from "../text/numbers.ts";
import { awayText, statusSentence } from "../cli/status_text.ts";
import type { Status } from "../core/primary/status.ts";
import type { OutboxTally } from "../store/outbox/outbox_reader.ts";
import { restartsText } from "./child.ts";
import type { ChildView } from "./child.ts";
import type { Silence } from "./status_watch.ts";

/** The status, and which processes are away just now. */
export function runLine(status: Status, processes: readonly ChildView[]): string {
  const away = processes.filter(({ state }) => state !== "listening").map(awayName);
  return [statusSentence(status), ...(away.length === 0 ? [] : [`away: ${away.join(", ")}`])].join(
    "; ",
  );
}

/** That nobody answers: `5 likes UNKNOWN, as of 7 s ago; no answer from the primary for 7 s; …`. */
export function silenceLine({ status, silentMs, reason }: Silence): string {
  const text = awayText(status, silentMs, { columns: Infinity, color: false, reason });
  return text.replaceAll("\n", "; ");
}

/** That nobody gives any more, or who may, and by how much the total may still rise. */
export function stoppedText(
  unfinished: readonly string[],
  outboxes: readonly OutboxTally[],
): string {
  const pendingEvents = outboxes.reduce((sum, outbox) => sum + outbox.pendingEvents, 0);
  const who =
    unfinished.length === 0
      ? "no LikesServer gives any more"
      : `${unfinished.join(", ")} did not say so: another like may come`;
  const what =
    pendingEvents === 0
      ? "nothing is pending"
      : `delivering what is pending: ${countOf(pendingEvents, "event")}`;
  return `${who}; ${what}`;
}

function awayName({ name, restarts }: ChildView): string {
  return restarts === 0 ? name : `${name} (${restartsText(restarts)})`;
}
