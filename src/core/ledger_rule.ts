/**
 * The rule of exactly once, and every other change to the ledger.
 *
 * All of it runs inside the store's transaction, one command after another, each against the state
 * that the one before left; never on receipt. The applied sequence, its digest, the likes of each
 * item and the grand total change together or not at all. There is no window and no memory of recent
 * names: an event at or below the applied sequence is a duplicate for ever, the one after it is
 * applied, and anything else is refused, whereupon the sender says Hello again.
 */
import { assert } from "../assert.ts";
import type { Refusal } from "../errors.ts";
import { MEMBERS_MAX } from "../limits.ts";
import type {
  IncarnationRow,
  LedgerMeta,
  LedgerTransaction,
  MemberRow,
  TroubleRow,
} from "./ledger.ts";
import { apply } from "./like_event.ts";
import type { LikeEvent } from "./like_event.ts";
import type { Hello, LikeBatch, Report, Trouble, TroubleKind } from "./messages.ts";
import { origin } from "./record.ts";
import type { Id, RecordCodec } from "./record.ts";

/** Something to do to the ledger, on behalf of a stream where there is one. */
export type LedgerCommand =
  | { readonly type: "greet"; readonly streamId: number; readonly hello: Hello }
  | { readonly type: "report"; readonly streamId: number; readonly report: ReportCommand }
  | {
      readonly type: "batch";
      readonly streamId: number;
      readonly outboxId: Id;
      readonly batch: LikeBatch;
    }
  | { readonly type: "advance"; readonly asOfMs: number };

/** A report and who makes it. */
export interface ReportCommand {
  readonly outboxId: Id;
  readonly serverId: string;
  readonly address: string;
  readonly report: Report;
  /** When the pulse that it answers was sent, by the monotonic clock. */
  readonly sentMs: number;
}

/** What a command led to. Commands after a refused one of the same stream are not done. */
export type LedgerResult =
  | {
      readonly type: "greeted";
      readonly streamId: number;
      readonly appliedSequence: number;
      readonly digest: Id;
      readonly reoffer: boolean;
    }
  | {
      readonly type: "reported";
      readonly streamId: number;
      readonly command: ReportCommand;
      readonly incarnation: IncarnationRow;
      /** Whether the outbox has left; otherwise it is a member. */
      readonly left: boolean;
    }
  | { readonly type: "applied"; readonly streamId: number; readonly applied: Applied }
  | { readonly type: "duplicate"; readonly streamId: number; readonly incarnation: IncarnationRow }
  | { readonly type: "refused"; readonly streamId: number; readonly refusal: Refusal };

/** Events that were counted for the first time. */
export interface Applied {
  readonly incarnation: IncarnationRow;
  readonly serverId: string;
  readonly firstSequence: number;
  readonly events: readonly LikeEvent[];
  /** The grand total before the first of them. */
  readonly totalBefore: bigint;
}

/** A group of commands, done. `members` and `troubles` are those rows that it changed. */
export interface GroupResult {
  readonly results: readonly LedgerResult[];
  readonly meta: LedgerMeta;
  readonly members: readonly MemberRow[];
  readonly troubles: readonly TroubleRow[];
}

/**
 * Does `commands` in order, inside one transaction. Nothing is written when nothing changes. The wall
 * clock `nowUnixMs` dates troubles for people, and decides nothing.
 */
export function runGroup(
  ledger: LedgerTransaction,
  commands: readonly LedgerCommand[],
  codec: RecordCodec,
  nowUnixMs: number,
): GroupResult {
  const group = new Group(ledger, codec, nowUnixMs);
  for (const command of commands) group.run(command);
  return group.finish();
}

class Group {
  readonly #ledger: LedgerTransaction;
  readonly #codec: RecordCodec;
  readonly #nowUnixMs: number;
  readonly #before: LedgerMeta;
  #meta: LedgerMeta;
  #changed = false;
  readonly #results: LedgerResult[] = [];
  readonly #members = new Map<Id, MemberRow>();
  readonly #troubles: TroubleRow[] = [];
  readonly #refused = new Set<number>();

  constructor(ledger: LedgerTransaction, codec: RecordCodec, nowUnixMs: number) {
    this.#ledger = ledger;
    this.#codec = codec;
    this.#nowUnixMs = nowUnixMs;
    this.#before = ledger.meta();
    this.#meta = this.#before;
  }

  run(command: LedgerCommand): void {
    if (command.type === "advance") return this.#advance(command.asOfMs);
    if (this.#refused.has(command.streamId)) return;
    const result = this.#answer(command);
    if (result.type === "refused") this.#refused.add(command.streamId);
    this.#results.push(result);
  }

  finish(): GroupResult {
    if (this.#changed) {
      const version = this.#before.version + 1;
      const grown = this.#meta.totalLikes !== this.#before.totalLikes;
      this.#meta = {
        ...this.#meta,
        version,
        totalVersion: grown ? version : this.#before.totalVersion,
      };
      this.#ledger.setMeta(this.#meta);
    }
    const members = [...this.#members.values()];
    return { results: this.#results, meta: this.#meta, members, troubles: this.#troubles };
  }

  #answer(command: Exclude<LedgerCommand, { type: "advance" }>): LedgerResult {
    switch (command.type) {
      case "greet":
        return this.#greet(command.streamId, command.hello);
      case "report":
        return this.#report(command.streamId, command.report);
      case "batch":
        return this.#batch(command.streamId, command.outboxId, command.batch);
    }
  }

  /** `as_of` never goes back, and stands still while trouble is recorded. */
  #advance(asOfMs: number): void {
    if (asOfMs <= this.#meta.asOfMs || this.#ledger.troubleCount() > 0) return;
    this.#meta = { ...this.#meta, asOfMs };
    this.#changed = true;
  }

  /** Reads only: a Hello may be old. */
  #greet(streamId: number, hello: Hello): LedgerResult {
    const row = this.#ledger.incarnation(hello.incarnation);
    if (row !== undefined && row.outboxId !== hello.outboxId) return foreign(streamId, row);
    const { appliedSequence, digest } = row ?? unheard(hello.incarnation, hello.outboxId);
    const reoffer = hello.acknowledgedSequence > appliedSequence || this.#isRestored(hello);
    return { type: "greeted", streamId, appliedSequence, digest, reoffer };
  }

  /** Whether the outbox has seen more of this ledger than the ledger itself knows. */
  #isRestored(hello: Hello): boolean {
    if (hello.seen === undefined) return false;
    const generation = this.#ledger.generation(hello.seen.generation);
    if (generation === undefined) return true;
    const last = generation.lastVersion ?? this.#meta.version;
    return hello.seen.version > last;
  }

  /**
   * A report answers a pulse of its own stream, so its claims are of now: it admits the outbox, opens
   * and closes the incarnation, lets the outbox leave, and is where trouble is recognised.
   */
  #report(streamId: number, command: ReportCommand): LedgerResult {
    const { report, outboxId } = command;
    const known = this.#ledger.incarnation(report.incarnation);
    if (known !== undefined && known.outboxId !== outboxId) return foreign(streamId, known);
    const member = this.#admit(command);
    if (member === undefined) return refuse(streamId, "too_many", MEMBERS_FULL);

    for (const trouble of report.troubles) this.#recordReported(outboxId, trouble);
    const before = this.#ledger.incarnation(report.incarnation);
    const incarnation = before ?? unheard(report.incarnation, outboxId);
    if (before === undefined) this.#setIncarnation(incarnation);
    this.#recognise(outboxId, report, incarnation);
    const after = this.#closeIfDone(report, incarnation);
    const left = report.leaving && this.#leave(member, after);
    return { type: "reported", streamId, command, incarnation: after, left };
  }

  /** Records the outbox, or what changed about it. Undefined when there are too many members. */
  #admit(command: ReportCommand): MemberRow | undefined {
    const { outboxId, serverId, address, report } = command;
    const before = this.#ledger.member(outboxId);
    const state = report.leaving ? (before?.state ?? "left") : "member";
    const joins = state === "member" && before?.state !== "member";
    if (joins && this.#ledger.memberCount() >= MEMBERS_MAX) return undefined;
    const row = { outboxId, serverId, address, state, appliedLikes: before?.appliedLikes ?? 0n };
    const same =
      before?.serverId === serverId && before.address === address && before.state === state;
    if (!same) this.#setMember(row);
    return row;
  }

  /** Records what the LikesServer itself found wrong. It parks what it cannot deliver. */
  #recordReported(outboxId: Id, trouble: Trouble): void {
    const { incarnation } = trouble;
    const row = this.#ledger.incarnation(incarnation) ?? unheard(incarnation, outboxId);
    if (row.outboxId !== outboxId) return;
    this.#addTrouble(outboxId, trouble);
    if (trouble.kind === "ledger_restored" || row.state === "parked") return;
    this.#setIncarnation({ ...row, state: "parked" });
  }

  /** Sees in a report what an outbox that forgot nothing would not say. */
  #recognise(outboxId: Id, report: Report, row: IncarnationRow): void {
    const { incarnation, lastSequence } = report;
    const found = (kind: TroubleKind, detail: string) =>
      this.#addTrouble(outboxId, { kind, incarnation, detail });
    if (report.final) {
      if (lastSequence >= row.appliedSequence) return;
      found(
        "outbox_rolled_back",
        `it ends at #${lastSequence}; #${row.appliedSequence} was applied`,
      );
      return;
    }
    if (row.state === "closed") found("closed_incarnation", "it was closed, and reports as live");
    const other = this.#ledger.openIncarnations(outboxId).find((id) => id !== incarnation);
    if (other !== undefined) found("second_incarnation", `${other} is open too`);
  }

  #closeIfDone(report: Report, incarnation: IncarnationRow): IncarnationRow {
    const done = report.final && report.lastSequence === incarnation.appliedSequence;
    if (!done || incarnation.state !== "open") return incarnation;
    return this.#setIncarnation({ ...incarnation, state: "closed" });
  }

  /** Lets the outbox go once nothing of it is open. True when it has left. */
  #leave(member: MemberRow, incarnation: IncarnationRow): boolean {
    if (member.state === "left") return true;
    if (incarnation.state !== "closed") return false;
    if (this.#ledger.openIncarnations(member.outboxId).length > 0) return false;
    this.#setMember({ ...member, state: "left" });
    return true;
  }

  #batch(streamId: number, outboxId: Id, batch: LikeBatch): LedgerResult {
    const incarnation = this.#ledger.incarnation(batch.incarnation);
    const member = this.#ledger.member(outboxId);
    if (incarnation === undefined || member === undefined) {
      return refuse(streamId, "resynchronise", "Cannot apply a batch before the first report");
    }
    if (incarnation.outboxId !== outboxId) return foreign(streamId, incarnation);
    if (batch.lastSequence <= incarnation.appliedSequence) {
      return { type: "duplicate", streamId, incarnation };
    }
    const events = this.#mismatch(batch, incarnation) ?? this.#decode(batch);
    if ("code" in events) return { type: "refused", streamId, refusal: events };
    return this.#apply(streamId, batch, incarnation, member, events);
  }

  /** Says why a batch does not follow what was applied, by its sequences and its digest. */
  #mismatch(batch: LikeBatch, incarnation: IncarnationRow): Refusal | undefined {
    const range = `#${batch.firstSequence} to #${batch.lastSequence}`;
    const expected = incarnation.appliedSequence + 1;
    if (batch.firstSequence !== expected) {
      return resynchronise(`Cannot apply ${range}: #${expected} is expected next`);
    }
    let { digest } = incarnation;
    for (const { firstSequence, bytes } of batch.records) {
      digest = this.#codec.digest(digest, firstSequence, bytes);
    }
    if (digest === batch.digest) return undefined;
    return resynchronise(`Cannot apply ${range}: the digest differs`);
  }

  /** The events of a batch whose bytes are intact; otherwise why they cannot be counted. */
  #decode(batch: LikeBatch): LikeEvent[] | Refusal {
    const events: LikeEvent[] = [];
    for (const { firstSequence, bytes } of batch.records) {
      const sequence = batch.firstSequence + events.length;
      const decoded = this.#codec.decode(bytes);
      if (decoded === undefined || firstSequence !== sequence) {
        return resynchronise(
          `Cannot apply the record at #${firstSequence}: #${sequence} is expected`,
        );
      }
      for (const event of decoded) {
        if (event === undefined) return unknownChange(batch.firstSequence + events.length);
        events.push(event);
      }
    }
    const last = batch.firstSequence + events.length - 1;
    if (last === batch.lastSequence) return events;
    return resynchronise(
      `Cannot apply a batch to #${batch.lastSequence}: its events end at #${last}`,
    );
  }

  #apply(
    streamId: number,
    batch: LikeBatch,
    before: IncarnationRow,
    member: MemberRow,
    events: readonly LikeEvent[],
  ): LedgerResult {
    if (before.state === "closed") {
      // It still counts; that it came at all is a trouble.
      const detail = `it was closed at #${before.appliedSequence}, and sends events`;
      const { incarnation } = before;
      this.#addTrouble(member.outboxId, { kind: "closed_incarnation", incarnation, detail });
    }
    const totalBefore = this.#meta.totalLikes;
    let gained = 0n;
    for (const [itemId, likes] of this.#deltas(events)) {
      this.#ledger.setItemLikes(itemId, this.#ledger.itemLikes(itemId) + likes);
      gained += likes;
    }
    const { lastSequence: appliedSequence, digest } = batch;
    const incarnation = this.#setIncarnation({ ...before, appliedSequence, digest });
    this.#setMember({ ...member, appliedLikes: member.appliedLikes + gained });
    this.#meta = { ...this.#meta, totalLikes: totalBefore + gained };
    const { serverId } = member;
    const { firstSequence } = batch;
    const applied = { incarnation, serverId, firstSequence, events, totalBefore };
    return { type: "applied", streamId, applied };
  }

  /** What `events` do to each item, one after another. */
  #deltas(events: readonly LikeEvent[]): Map<string, bigint> {
    const deltas = new Map<string, bigint>();
    for (const { itemId, change } of events) {
      const gained = deltas.get(itemId) ?? 0n;
      const likes = this.#ledger.itemLikes(itemId) + gained;
      deltas.set(itemId, gained + apply(likes, change));
    }
    return deltas;
  }

  #addTrouble(outboxId: Id, trouble: Trouble): void {
    const row = { ...trouble, outboxId, sinceMs: this.#nowUnixMs };
    if (!this.#ledger.addTrouble(row)) return;
    this.#troubles.push(row);
    this.#changed = true;
  }

  #setIncarnation(row: IncarnationRow): IncarnationRow {
    this.#ledger.setIncarnation(row);
    this.#changed = true;
    return row;
  }

  #setMember(row: MemberRow): void {
    assert(row.appliedLikes >= 0n, "applied likes never shrink");
    this.#ledger.setMember(row);
    this.#members.set(row.outboxId, row);
    this.#changed = true;
  }
}

const MEMBERS_FULL = `Cannot admit another outbox: the ledger has ${MEMBERS_MAX} members already`;

/** An incarnation that the ledger has not recorded yet. */
function unheard(incarnation: Id, outboxId: Id): IncarnationRow {
  const { sequence: appliedSequence, digest } = origin(incarnation);
  return { incarnation, outboxId, appliedSequence, digest, state: "open" };
}

function refuse(streamId: number, code: Refusal["code"], message: string): LedgerResult {
  return { type: "refused", streamId, refusal: { code, message } };
}

function foreign(streamId: number, row: IncarnationRow): LedgerResult {
  const message = `Cannot take incarnation ${row.incarnation}: it belongs to another outbox`;
  return refuse(streamId, "message_invalid", message);
}

function resynchronise(message: string): Refusal {
  return { code: "resynchronise", message };
}

function unknownChange(sequence: number): Refusal {
  const message = `Cannot apply #${sequence}: its change is of a kind that this primary does not know; upgrade the primary`;
  return { code: "change_unknown", message };
}
