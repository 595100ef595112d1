/**
 * When `as_of` moves on (law 4).
 *
 * `as_of` promises that every like accepted until then is in the total. It becomes the least
 * freshness label of the members, and stands still in trouble. Without members nothing is missing,
 * so it follows the clock.
 */
import { PULSE_INTERVAL_MS } from "../../limits.ts";
import type { LedgerCommand } from "../ledger/ledger_command.ts";
import type { LogicalClock } from "./logical_clock.ts";
import { isInTrouble, isPerhapsExchanged, leastFreshness } from "./status.ts";
import type { StatusView } from "./status.ts";

/**
 * Returns the commands of the next commit, with the advance of `as_of` before them when it moves.
 * Only for a commit that begins now: all earlier ones are known, so the members of `view` are those
 * of the ledger.
 */
export function withAdvance(
  commands: readonly LedgerCommand[],
  view: StatusView,
  clock: LogicalClock,
  nowMs: number,
): readonly LedgerCommand[] {
  if (isInTrouble(view) || isPerhapsExchanged(view)) return commands;
  if (commands.some((command) => readmits(command, view))) return commands;
  const { asOfMs: committedMs } = view.meta;
  const hasMembers = view.members.size > 0;
  const sinceMs = clock.peek(nowMs) - Math.max(committedMs, clock.startMs);
  if (!hasMembers && sinceMs < PULSE_INTERVAL_MS) return commands;
  const asOfMs = leastFreshness(view) ?? clock.tick(nowMs);
  return asOfMs > committedMs ? [{ type: "advance", asOfMs }, ...commands] : commands;
}

/** An outbox that is no member may hold likes from before `as_of`, and may be admitted here. */
function readmits(command: LedgerCommand, { members }: StatusView): boolean {
  return command.type === "report" && !members.has(command.report.outboxId);
}
