/**
 * The primary's log: each event that it applies, with its sender and the new total, and failures.
 */
import { unreachable } from "../assert.ts";
import type { AppliedBatch } from "../core/ledger/apply_commands.ts";
import type { Hello } from "../core/protocol/messages.ts";
import type { ForeignServer, UnrecordedServer } from "../core/primary/refused_servers.ts";
import type { PrimaryNotice } from "../core/primary/primary.ts";
import { decisionText, troubleLine } from "../text/trouble_text.ts";
import { EventLines } from "../log/event_lines.ts";
import type { Log } from "../log/log_file.ts";
import { Outage } from "../log/outage.ts";
import { MEMBERS_MAX } from "../limits.ts";
import type { OutboxId } from "../core/protocol/ids.ts";

const MEMBER_TEXTS = { member: "was admitted", left: "left", retired: "was retired" } as const;

const LEDGER_FAILING_TEXTS = {
  disk_full: "the disk of the ledger is full",
  store_busy: "another program is writing to the ledger",
} as const;

/** Writes the notices of a primary to a log. */
export class PrimaryLog {
  readonly #log: Log;
  readonly #lines = new EventLines();
  /** Outages of refused or absent LikesServers, by outbox; the newest MEMBERS_MAX. */
  readonly #outages = new Map<OutboxId, Outage>();

  constructor(log: Log) {
    this.#log = log;
  }

  notice(notice: PrimaryNotice, nowMs: number): void {
    for (const line of this.#text(notice, nowMs)) this.#log.line(line);
  }

  #text(notice: PrimaryNotice, nowMs: number): readonly string[] {
    switch (notice.type) {
      case "connected": {
        const { serverId, outboxId, address, incarnation } = notice.hello;
        this.#outages.delete(outboxId);
        return [
          `${serverId} connected from ${address}: incarnation ${incarnation}, applied to ` +
            `#${notice.appliedSequence}`,
        ];
      }
      case "disconnected":
        return this.#disconnected(notice.hello, notice.reason);
      case "ended":
        return [`ended a stream: ${notice.reason}`];
      case "applied":
        return this.#applied(notice.applied, nowMs);
      case "member": {
        const { serverId, outboxId, state } = notice.member;
        return [`${serverId} ${MEMBER_TEXTS[state]}: outbox ${outboxId}`];
      }
      case "trouble":
        return [troubleLine(notice.trouble)];
      case "decision":
        return [decisionText(notice.decision)];
      case "convergence":
        return [`${notice.convergence}: total ${notice.totalLikes}`];
      case "foreign_server":
        return [foreignServerText(notice.server)];
      case "foreign_server_gone":
      case "unrecorded_gone":
        return []; // it may be down, or at its own primary; a recorded trouble has a line
      case "unrecorded":
        return [unrecordedText(notice.server)];
      case "store_failing":
        return [
          `${LEDGER_FAILING_TEXTS[notice.why]}: nothing is applied; LikesServers will send it again`,
        ];
      case "store_recovered":
        return ["the ledger is written again"];
      default:
        return unreachable(notice);
    }
  }

  /**
   * Logs each reason once until the LikesServer is connected: a refused one comes again each
   * second.
   */
  #disconnected({ serverId, outboxId }: Hello, reason: string): readonly string[] {
    const outage = this.#outages.get(outboxId) ?? new Outage();
    if (!outage.isNews(reason)) return [];
    this.#outages.set(outboxId, outage);
    const [oldest] = this.#outages.keys();
    if (this.#outages.size > MEMBERS_MAX && oldest !== undefined) this.#outages.delete(oldest);
    return [`${serverId} disconnected: ${reason}`];
  }

  #applied({ serverId, events, outcomes, totalBefore }: AppliedBatch, nowMs: number): string[] {
    let total = totalBefore;
    if (this.#lines.allow(outcomes.length, nowMs) || outcomes.length === 1) {
      return outcomes.map(({ itemId, gained, outcome }, index) => {
        total += gained;
        const what = outcome === "counted" ? signed(gained) : outcome;
        const said = itemId === "" ? `forgets a person: ${what}` : `${what} ${itemId}`;
        return `${serverId} #${events.first + index} ${said} = ${total}`;
      });
    }
    for (const { gained } of outcomes) total += gained;
    const range = `#${events.first}..#${events.last}`;
    const gained = signed(total - totalBefore);
    return [`${serverId} ${range} ${gained} in ${outcomes.length} events = ${total}`];
  }
}

/** Returns a number with its sign, and 0 as +0. */
function signed(gained: bigint): string {
  return gained < 0n ? `${gained}` : `+${gained}`;
}

function foreignServerText(server: ForeignServer): string {
  const { serverId, address, outboxId, ledgerId, fingerprint } = server;
  const came = `${serverId} came from ${address}, but`;
  return ledgerId === undefined
    ? `${came} its persons.secret has fingerprint ${fingerprint}, which is not the ledger's`
    : `${came} its outbox ${outboxId} belongs to ledger ${ledgerId}`;
}

function unrecordedText({
  serverId,
  address,
  outboxId,
  incarnation,
  kind,
}: UnrecordedServer): string {
  return (
    `${serverId} came from ${address} with a trouble that has no room and is not recorded: ${kind} ` +
    `of incarnation ${incarnation} of outbox ${outboxId}; decide the troubles in likes status`
  );
}
