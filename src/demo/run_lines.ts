/** The lines of a run in progress, for the parent's log and for output that is not a terminal. */
import { countOf } from "../text/numbers.ts";
import { awayText, statusSentence } from "../cli/status_text.ts";
import type { Status } from "../core/primary/status.ts";
import type { OutboxTally } from "../store/outbox/outbox_reader.ts";
import { restartsText } from "./child.ts";
import type { ChildView } from "./child.ts";
import type { Silence } from "./status_watch.ts";

/** Returns the status, and the processes that are away. */
export function runLine(status: Status, processes: readonly ChildView[]): string {
  const away = processes.filter(({ state }) => state !== "listening").map(awayName);
  return [statusSentence(status), ...(away.length === 0 ? [] : [`away: ${away.join(", ")}`])].join(
    "; ",
  );
}

/** Returns e.g. `5 likes UNKNOWN, as of 7 s ago; no answer from the primary for 7 s; …`. */
export function silenceLine({ status, silentMs, reason }: Silence): string {
  const text = awayText(status, silentMs, { columns: Infinity, color: false, reason });
  return text.replaceAll("\n", "; ");
}

/** Returns whether all generators have stopped, and how many events are still pending. */
export function stoppedText(
  unfinished: readonly string[],
  outboxes: readonly OutboxTally[],
): string {
  const pendingEvents = outboxes.reduce((sum, outbox) => sum + outbox.pendingEvents, 0);
  const stopped =
    unfinished.length === 0
      ? "all LikesServers have stopped adding likes"
      : `${unfinished.join(", ")} did not confirm the stop: more likes may follow`;
  const pending =
    pendingEvents === 0
      ? "no events are pending"
      : `delivering ${countOf(pendingEvents, "pending event")}`;
  return `${stopped}; ${pending}`;
}

function awayName({ name, restarts }: ChildView): string {
  return restarts === 0 ? name : `${name} (${restartsText(restarts)})`;
}
