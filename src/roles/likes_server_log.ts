/** A LikesServer's log: the likes that it accepts, the total that it shows, and failures. */
import { unreachable } from "../assert.ts";
import type { LikesServerNotice } from "../core/likes_server/likes_server.ts";
import { acceptedLikes } from "../core/protocol/like_event.ts";
import type { Change } from "../core/protocol/like_event.ts";
import type { Trouble } from "../core/protocol/messages.ts";
import { troubleText } from "../core/primary/status.ts";
import { EventLines } from "../log/event_lines.ts";
import type { Log } from "../log/log_file.ts";
import { Outage } from "../log/outage.ts";

const MEMBERSHIP_TEXTS = {
  member: "admitted by the primary: accepting likes",
  leaving: "leaving: no more likes are accepted",
  unregistered: "left the primary's members",
} as const;

const OUTBOX_FAILING_TEXTS = {
  disk_full: "the disk of the outbox is full",
  store_busy: "another program is writing to the outbox",
} as const;

type Of<Type> = Extract<LikesServerNotice, { readonly type: Type }>;

/** Writes the notices of a LikesServer to a log. */
export class LikesServerLog {
  readonly #log: Log;
  readonly #lines = new EventLines();
  readonly #outage = new Outage();
  #troubles: readonly Trouble[] = [];
  #totalLikes: bigint | undefined;

  constructor(log: Log) {
    this.#log = log;
  }

  notice(notice: LikesServerNotice, nowMs: number): void {
    for (const line of this.#text(notice, nowMs)) this.#log.line(line);
  }

  /** Logs which troubles are over, now that only `troubles` remain. */
  troubles(troubles: readonly Trouble[]): void {
    for (const before of this.#troubles) {
      if (troubles.some((now) => isSame(now, before))) continue;
      this.#log.line(`trouble is over: ${troubleText(before)}`);
    }
    this.#troubles = troubles;
  }

  #text(notice: LikesServerNotice, nowMs: number): readonly string[] {
    switch (notice.type) {
      case "accepted":
        return this.#accepted(notice, nowMs);
      case "connected":
        this.#outage.end();
        return [
          `connected to the primary: incarnation ${notice.incarnation}, applied to ` +
            `#${notice.appliedSequence}`,
        ];
      case "disconnected":
        if (!this.#outage.isNews(notice.reason)) return [];
        return [`disconnected: ${notice.reason}; connecting again`];
      case "membership":
        return [MEMBERSHIP_TEXTS[notice.membership]];
      case "ledger_changed": {
        const { totalLikes, version } = notice.pulse;
        if (totalLikes === this.#totalLikes) return [];
        this.#totalLikes = totalLikes;
        return [`total ${totalLikes} (version ${version})`];
      }
      case "trouble":
        return [`trouble: ${troubleText(notice.trouble)}`];
      case "store_failing":
        return [`${OUTBOX_FAILING_TEXTS[notice.why]}: nothing is accepted`];
      case "store_recovered":
        return ["the outbox is written again"];
      default:
        return unreachable(notice);
    }
  }

  #accepted({ firstSequence, events }: Of<"accepted">, nowMs: number): readonly string[] {
    if (this.#lines.allow(events.length, nowMs) || events.length === 1) {
      return events.map(({ itemId, change }, index) =>
        `#${firstSequence + index} ${changeText(change)} ${itemId}`.trimEnd(),
      );
    }
    const last = firstSequence + events.length - 1;
    const likes = events.reduce((sum, { change }) => sum + acceptedLikes(change), 0n);
    return [`#${firstSequence}..#${last} +${likes} in ${events.length} events`];
  }
}

/** Names no person. */
function changeText(change: Change): string {
  if (change.kind === "forget") return "forgets a person";
  return change.kind === "add" ? `+${change.likes}` : `=${change.state.likes}`;
}

function isSame(one: Trouble, other: Trouble): boolean {
  return one.kind === other.kind && one.incarnation === other.incarnation;
}
