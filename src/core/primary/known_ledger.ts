/**
 * The ledger as of the newest commit: its row, its members, and its undecided troubles.
 *
 * Everything that is sent or shown comes from here, so nothing uncommitted is shown. Only
 * `onCommitted` changes it.
 */
import type { LedgerSnapshot } from "../ledger/ledger.ts";
import type { LedgerMeta, MemberRow, TroubleRow } from "../ledger/rows.ts";
import type { CommitResult } from "../ledger/ledger_command.ts";
import type { GenerationId, LedgerId, OutboxId } from "../protocol/ids.ts";
import type { PrimaryNotice } from "./primary_events.ts";
import type { TroubleStatus } from "./status.ts";

/** The primary's view of its ledger. */
export class KnownLedger {
  readonly ledgerId: LedgerId;
  readonly generation: GenerationId;
  #meta: LedgerMeta;
  /** Outboxes in the state `member`. */
  readonly #members = new Map<OutboxId, MemberRow>();
  /** Undecided, oldest first. */
  #troubles: readonly TroubleStatus[];

  constructor({ ledgerId, generation, meta, members, troubles }: LedgerSnapshot) {
    this.ledgerId = ledgerId;
    this.generation = generation;
    this.#meta = meta;
    for (const member of members) {
      if (member.state === "member") this.#members.set(member.outboxId, member);
    }
    this.#troubles = troubles.map((trouble) => withServerId(trouble, members));
  }

  get meta(): LedgerMeta {
    return this.#meta;
  }

  get members(): ReadonlyMap<OutboxId, MemberRow> {
    return this.#members;
  }

  /** The undecided troubles, oldest first. */
  get troubles(): readonly TroubleStatus[] {
    return this.#troubles;
  }

  /** Applies the changes of a commit. Returns the notices of them, in order. */
  onCommitted(commit: CommitResult): readonly PrimaryNotice[] {
    this.#meta = commit.meta;
    return [
      ...this.#changeMembers(commit),
      ...this.#addTroubles(commit),
      ...this.#endTroubles(commit),
    ];
  }

  #changeMembers({ members }: CommitResult): readonly PrimaryNotice[] {
    return members.flatMap((member) => {
      const wasMember = this.#members.has(member.outboxId);
      const isMember = member.state === "member";
      if (isMember) this.#members.set(member.outboxId, member);
      else this.#members.delete(member.outboxId);
      return wasMember === isMember ? [] : [{ type: "member" as const, member }];
    });
  }

  #addTroubles({ troubles, members }: CommitResult): readonly PrimaryNotice[] {
    if (troubles.length === 0) return [];
    const known = [...members, ...this.#members.values()];
    const added = troubles.map((trouble) => withServerId(trouble, known));
    this.#troubles = [...this.#troubles, ...added];
    return added.map((trouble) => ({ type: "trouble", trouble }));
  }

  #endTroubles({ decisions }: CommitResult): readonly PrimaryNotice[] {
    if (decisions.length === 0) return [];
    const ended = new Set(decisions.map(({ trouble }) => trouble?.number));
    this.#troubles = this.#troubles.filter(({ number }) => !ended.has(number));
    return decisions.map((decision) => ({ type: "decision", decision }));
  }
}

/** Adds the server id to a trouble; undefined when the outbox is neither changed nor a member. */
function withServerId(trouble: TroubleRow, members: readonly MemberRow[]): TroubleStatus {
  const member = members.find(({ outboxId }) => outboxId === trouble.outboxId);
  return { ...trouble, serverId: member?.serverId };
}
