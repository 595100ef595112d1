/**
 * Compares the registers of a ledger with the greatest states of the events, and the likes of
 * reactions with the registers. No finding names a person: an item is enough to look it up.
 */
import { LIKES_PER_PERSON_MAX } from "../limits.ts";
import type { Audit } from "./audit_incarnation.ts";
import type { ItemSums } from "./items.ts";
import type { CountedRegister } from "./ledger_counts.ts";
import { stateText } from "./like_events.ts";
import { Registers, isRank, stateOf } from "./registers.ts";
import { PLAIN_LIKE, partsOf, reactionKey } from "./tally.ts";

/** The registers of a ledger. */
export interface CountedRegisters {
  readonly count: number;
  /** What they give to all items. */
  readonly likes: bigint;
  /** Those above every state that was read, unless they are reported. */
  readonly unread: number;
}

/** Audits registers, one at a time. */
class RegistersAudit {
  count = 0;
  likes = 0n;
  unread = 0;
  /** Likes of each item and reaction, by the ledger's registers: see reactionKey. */
  readonly reactions = new Map<number, bigint>();
  readonly #audit: Audit;
  readonly #isWhole: boolean;
  readonly #isForgotten: (person: Uint8Array) => boolean;

  constructor(audit: Audit, isWhole: boolean) {
    this.#audit = audit;
    this.#isWhole = isWhole;
    this.#isForgotten = audit.ledger.counts.forgotten();
  }

  /** Compares all registers of the ledger, and then looks for those that it lacks. */
  run(): void {
    const { ledger, tally } = this.#audit;
    const waiting = new Registers();
    for (const { person, itemId, rank } of ledger.counts.waitingRegisters()) {
      waiting.raise(person, tally.items.of(itemId).number, rank);
    }
    for (const register of ledger.counts.registers()) this.#compareStored(register, waiting);
    for (const { id, number, value: rank } of waiting.entries()) {
      const item = tally.items.at(number);
      if (this.#isForgotten(id)) this.#diverge(item, "is of a forgotten person", undefined, rank);
      this.#compare(item, rank, tally.registers.take(id, number));
    }
    for (const { id, number, value: read } of tally.registers.entries()) {
      const item = tally.items.at(number);
      if (this.#isForgotten(id)) item.forgotten++;
      else this.#compare(item, undefined, read);
    }
    this.#addKept();
  }

  /** Adds the likes that forgotten persons left: they count as those of registers. */
  #addKept(): void {
    const { ledger, tally, findings } = this.#audit;
    for (const { itemId, reaction, likes } of ledger.counts.kept()) {
      const item = tally.items.of(itemId);
      this.likes += likes;
      tally.registerLikes += likes;
      item.registers += likes;
      if (reaction > PLAIN_LIKE) this.#addReaction(item, reaction, likes);
      const most = BigInt(item.forgotten * LIKES_PER_PERSON_MAX);
      if (!this.#isWhole || likes <= most) continue;
      const what = "forgotten persons cannot have left that many likes";
      findings.diverge({ itemId }, what, `0 to ${most}`, likes);
    }
  }

  #addReaction(item: ItemSums, reaction: number, likes: bigint): void {
    const key = reactionKey(item.number, reaction);
    this.reactions.set(key, (this.reactions.get(key) ?? 0n) + likes);
  }

  #compareStored({ person, itemId, rank }: CountedRegister, waiting: Registers): void {
    const { items, registers } = this.#audit.tally;
    const item = items.of(itemId);
    const newer = waiting.take(person, item.number) ?? 0;
    if (this.#isForgotten(person)) this.#diverge(item, "is of a forgotten person", undefined, rank);
    this.#compare(item, Math.max(rank, newer), registers.take(person, item.number));
  }

  /** Compares the rank in the ledger with the greatest one that was read. */
  #compare(item: ItemSums, rank: number | undefined, read: number | undefined): void {
    const { tally } = this.#audit;
    if (rank !== undefined) this.#add(item, rank);
    item.isMade ||= read !== undefined;
    const given = BigInt(stateOf(read ?? 0).likes);
    tally.registerLikes += given;
    // With nothing missing, an item has what the events say, whatever the registers say.
    item.registers += this.#isWhole ? given : BigInt(stateOf(rank ?? 0).likes);
    if (rank === undefined || rank < (read ?? 0)) {
      this.#diverge(item, "is below an applied state", read, rank);
    } else if (rank > (read ?? 0)) {
      if (this.#isWhole) this.#diverge(item, "is above every applied state", read, rank);
      else this.unread++;
    }
  }

  /** Adds a register of the ledger. */
  #add(item: ItemSums, rank: number): void {
    const { reaction, likes } = stateOf(rank);
    this.count++;
    this.likes += BigInt(likes);
    if (!isRank(rank)) this.#diverge(item, "has no possible state", undefined, rank);
    if (reaction > PLAIN_LIKE) this.#addReaction(item, reaction, BigInt(likes));
  }

  #diverge(
    { itemId }: ItemSums,
    what: string,
    expected: number | undefined,
    found: number | undefined,
  ): void {
    const { findings } = this.#audit;
    findings.diverge(
      { itemId },
      `a person's register ${what}`,
      rankText(expected),
      rankText(found),
    );
  }
}

function rankText(rank: number | undefined): string {
  return rank === undefined ? "no such state" : stateText(stateOf(rank));
}

/** Audits the registers and the reactions. Call once every outbox is read. */
export function auditRegisters(audit: Audit, isWhole: boolean): CountedRegisters {
  const registers = new RegistersAudit(audit, isWhole);
  audit.findings.attempt({}, () => {
    registers.run();
    auditReactions(registers.reactions, audit, isWhole);
  });
  const { count, likes, unread } = registers;
  return { count, likes, unread };
}

/** The likes of each reaction are what the registers of the ledger give, whatever was read. */
function auditReactions(
  given: ReadonlyMap<number, bigint>,
  { ledger, tally, findings }: Audit,
  isWhole: boolean,
): void {
  const kept = new Map<number, bigint>();
  for (const { itemId, reaction, likes } of ledger.counts.reactions()) {
    const key = reactionKey(tally.items.of(itemId).number, reaction);
    kept.set(key, (kept.get(key) ?? 0n) + likes);
  }
  for (const [key, likes] of kept) {
    const expected = given.get(key) ?? 0n;
    if (likes !== expected) divergeReaction(key, expected, likes);
    else if (isWhole && !tally.reactions.has(key)) divergeReaction(key, "no such reaction", likes);
  }
  for (const [key, likes] of given) {
    if (!kept.has(key)) divergeReaction(key, likes, "no such reaction");
  }

  function divergeReaction(key: number, expected: unknown, found: unknown): void {
    const { item, reaction } = partsOf(key);
    const what = `the likes of reaction ${reaction} do not match the registers`;
    findings.diverge({ itemId: tally.items.at(item).itemId }, what, expected, found);
  }
}
