/**
 * When `as_of` advances (law 4).
 *
 * `as_of` promises that every like acknowledged before it is in the total. It is the least time up
 * to which each member is fresh, and stands still in trouble. Without members nothing is missing,
 * so it follows the clock.
 */
import { PULSE_INTERVAL_MS } from "../../limits.ts";
import type { LedgerCommand } from "../ledger/ledger_command.ts";
import type { LogicalClock } from "./logical_clock.ts";
import { isInTrouble, leastFreshness, mayBeWrongLedger } from "./status.ts";
import type { StatusView } from "./status.ts";

/**
 * Returns `commands`, preceded by the advance of `as_of` if it advances. Only for a commit that
 * begins now. All earlier commits are done, so the members of `view` are those of the ledger.
 */
export function withAdvance(
  commands: readonly LedgerCommand[],
  view: StatusView,
  clock: LogicalClock,
  nowMs: number,
): readonly LedgerCommand[] {
  if (isInTrouble(view) || mayBeWrongLedger(view)) return commands;
  if (commands.some((command) => mayAdmit(command, view))) return commands;
  const { asOfMs: committedMs } = view.meta;
  const hasMembers = view.members.size > 0;
  const sinceMs = clock.peek(nowMs) - Math.max(committedMs, clock.startMs);
  if (!hasMembers && sinceMs < PULSE_INTERVAL_MS) return commands;
  const asOfMs = leastFreshness(view) ?? clock.tick(nowMs);
  return asOfMs > committedMs ? [{ type: "advance", asOfMs }, ...commands] : commands;
}

/** Returns true when a command may admit an outbox: that one may hold likes from before `as_of`. */
function mayAdmit(command: LedgerCommand, { members }: StatusView): boolean {
  return command.type === "report" && !members.has(command.report.outboxId);
}
