/**
 * The oracle: what must hold in a simulated world, at every step and not only at its end. It is told of
 * every effect and of every commit, as somebody outside sees them, and throws at what must not be.
 *
 * Who knows what: `truth` what was given and where it was synced, `lineage` what the ledger must hold,
 * `asOf` law 4, `watch` what a life of the primary may say, `readers` what was shown to whom, `amnesia`
 * who forgot, and the checks of groups and decisions what a commit may do.
 */
import type { LedgerSnapshot } from "../../../src/core/ledger/ledger.ts";
import type { LedgerMeta } from "../../../src/core/ledger/rows.ts";
import type { CommitResult, LedgerCommand } from "../../../src/core/ledger/apply_commands.ts";
import type { FromLikesServer } from "../../../src/core/protocol/messages.ts";
import type { RecordCodec } from "../../../src/core/protocol/record.ts";
import type { Id } from "../../../src/core/protocol/ids.ts";
import type { Status } from "../../../src/core/primary/status.ts";
import type { LedgerDisk } from "../../../src/store/ledger/memory_ledger.ts";
import { COMMIT_COMMANDS_MAX } from "../../../src/limits.ts";
import type { OutboxDisk } from "../../../src/store/outbox/memory_outbox.ts";
import { AmnesiaWatch } from "./amnesia_watch.ts";
import { AsOfCheck } from "./as_of_check.ts";
import { DecisionCheck } from "./decision_check.ts";
import { expect } from "./failure.ts";
import { GroupCheck } from "./group_check.ts";
import { Lineage } from "./lineage.ts";
import { PrimaryWatch } from "./primary_watch.ts";
import { Readers } from "./readers.ts";
import { Truth } from "./truth.ts";

/** The checks of one world. */
export class Oracle {
  readonly truth: Truth;
  readonly asOf: AsOfCheck;
  readonly readers: Readers;
  readonly amnesia: AmnesiaWatch;
  readonly #groups = new GroupCheck();
  readonly #decisions = new DecisionCheck();
  /** Copies that nobody has opened yet. */
  readonly #marked = new Set<LedgerDisk>();
  readonly #nowMs: () => number;
  readonly outboxes: () => Iterable<OutboxDisk>;
  readonly remembersAll: boolean;
  /** Of each ledger disk that there is: copies of one, and others. */
  readonly #lineages = new Map<LedgerDisk, Lineage>();
  /** Of the ledger that is open now. */
  lineage: Lineage;
  /** Of the true ledger, also while another one is in its place. */
  home: Lineage;
  /** Of the primary that opened its ledger last: only this one can write. */
  #watch: PrimaryWatch | undefined;
  commits = 0;
  converged = 0;

  constructor(
    codec: RecordCodec,
    ledger: LedgerDisk,
    world: {
      nowMs(): number;
      outboxes(): Iterable<OutboxDisk>;
      readonly remembersAll: boolean;
    },
  ) {
    this.remembersAll = world.remembersAll;
    this.#nowMs = () => world.nowMs();
    this.outboxes = () => world.outboxes();
    this.truth = new Truth(codec, ledger.meta.totalLikes);
    this.asOf = new AsOfCheck(this.truth, this.outboxes);
    this.lineage = this.lineageOf(ledger);
    this.home = this.lineage;
    this.readers = new Readers(this.truth);
    this.amnesia = new AmnesiaWatch(this);
  }

  lineageOf(disk: LedgerDisk): Lineage {
    let lineage = this.#lineages.get(disk);
    if (lineage === undefined) {
      lineage = new Lineage(this.truth, disk);
      this.#lineages.set(disk, lineage);
    }
    return lineage;
  }

  /** `copy` is a copy of `disk` as it is now. */
  copied(disk: LedgerDisk, copy: LedgerDisk): void {
    this.#lineages.set(copy, this.lineageOf(disk).fork(copy));
  }

  /** The true ledger is from now on that on `disk`, which goes on from an older copy. */
  restored(disk: LedgerDisk): void {
    this.amnesia.ledgerForgets(this.home, this.outboxes());
    this.home = this.lineageOf(disk);
    this.home.restored();
    if (disk.copiedMs !== undefined) this.#marked.add(disk);
    this.asOf.restart();
  }

  // The primary.

  /** A primary serves from now on what it finds on `disk`. Gives what watches it. */
  primaryStarted(disk: LedgerDisk, snapshot: LedgerSnapshot): PrimaryWatch {
    const lineage = this.lineageOf(disk);
    this.lineage = lineage;
    this.readers.opened(snapshot.generation, disk);
    const { asOfMs } = snapshot.meta;
    expect(asOfMs === lineage.asOfMs, () => `a start finds as_of ${asOfMs}`);
    const isNamed = snapshot.troubles.some(({ kind, outboxId }) => {
      return kind === "ledger_restored" && outboxId === undefined;
    });
    const isCopy = this.#marked.delete(disk);
    const isSaid = isNamed || snapshot.copiedMs !== undefined;
    expect(isSaid || !isCopy, () => "a copy is opened, and does not say so");
    const watch = new PrimaryWatch(lineage, snapshot, {
      nowMs: this.#nowMs,
      isTwinned: (outboxId) => this.asOf.isTwinned(outboxId),
    });
    // Another opening may have taken the ledger over before this one had read it.
    const isNewest = disk.generations.at(-1)?.generation === snapshot.generation;
    if (isNewest) this.#watch = watch;
    return watch;
  }

  /** The labels of `as_of` count from here when no pulse carried them. */
  asked(watch: PrimaryWatch | undefined, commands: readonly LedgerCommand[]): void {
    const { length } = commands;
    expect(length <= COMMIT_COMMANDS_MAX + 1, () => `${length} commands are in a commit`);
    for (const command of commands) {
      if (command.type === "advance") watch?.stepOf(command.asOfMs);
    }
  }

  /** A broken LikesServer said this, which nobody may count. */
  forged(message: FromLikesServer): void {
    this.#groups.forged.add(message);
  }

  /** An operator asks for something, while these stream; those that are retired are over already. */
  decides(requestId: number, streaming: ReadonlyMap<Id, Id>): void {
    const { incarnations } = this.lineage.disk;
    const live = [...streaming].filter(([id]) => incarnations.get(id)?.state !== "retired");
    this.#decisions.asked(requestId, new Map(live));
  }

  /** What `commands` did is on the disk, which had `before`; nobody may have seen it yet. */
  committed(
    commands: readonly LedgerCommand[],
    group: CommitResult,
    { disk, before }: { readonly disk: LedgerDisk; readonly before: LedgerMeta },
  ): void {
    this.commits++;
    expect(disk.copiedMs === undefined, () => "a commit does not record that the ledger is a copy");
    const lineage = this.lineageOf(disk);
    this.#groups.check(commands, group, { lineage, before });
    this.#decisions.check(commands, group, disk);
    lineage.committed(group);
    const { asOfMs } = group.meta;
    expect(asOfMs >= lineage.asOfMs, () => `as_of went back to ${asOfMs}`);
    const known = group.troubles.length;
    const isFrozen = disk.troubles.size > known && asOfMs > lineage.asOfMs;
    expect(!isFrozen, () => `as_of moves to ${asOfMs} in trouble`);
    if (asOfMs > lineage.asOfMs) {
      lineage.asOfMs = asOfMs;
      lineage.asOfStep = this.#watch?.stepOf(asOfMs) ?? 0;
      if (!lineage.isForeign) this.asOf.check(lineage);
    }
    if (group.decisions.some(({ kind }) => kind === "confirmed")) this.#watch?.checkAnswered();
    if (!lineage.isForeign) this.amnesia.committed(group, lineage);
  }

  /** A group left the ledger as it was, by what it says. */
  unchanged({ members, troubles, decisions }: CommitResult): void {
    const rows = members.length + troubles.length + decisions.length;
    expect(rows === 0, () => `${rows} rows change, and no version names that`);
  }

  /** Somebody reads the status at the primary. */
  status(status: Status): void {
    const watch = this.#watch;
    if (watch === undefined) return;
    const { totalLikes, asOfMs, generation } = status;
    expect(totalLikes === watch.meta.totalLikes, () => "shows what is not committed");
    expect(asOfMs === watch.meta.asOfMs, () => "shows an as_of that is not committed");
    this.readers.shown(this, generation, totalLikes, asOfMs);
    watch.checkStatus(status);
    const isUnrecorded = this.lineage.disk.copiedMs !== undefined;
    expect(
      !isUnrecorded || status.convergence === "unknown",
      () => "a copy shows more than UNKNOWN",
    );
    if (status.convergence === "converged") this.converged++;
  }

  // The LikesServers.

  /** A LikesServer shows a pulse. */
  shows(outboxId: Id, generation: Id, version: number): void {
    if (this.#watch?.generation === generation) this.#watch.shows(outboxId, version);
  }

  // The end.

  /**
   * Every like that was acknowledged is counted, or it is known why not; at the very end, when no write
   * is under way any more, so is every one that was synced.
   */
  finish(isEnd: boolean): void {
    const { home: lineage } = this;
    lineage.finish();
    for (const gift of this.truth.gifts) {
      const isDue = isEnd ? gift.life !== undefined : gift.acceptedStep > 0;
      if (!isDue || lineage.isCounted(gift)) continue;
      const isLost = this.asOf.excuseForEver(gift, lineage) === undefined;
      expect(!isLost, () => this.asOf.lost(gift, lineage));
    }
    this.amnesia.finish();
  }
}
