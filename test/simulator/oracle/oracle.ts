/**
 * The oracle checks what must hold in a simulated world at every step, not only at its end. It sees
 * every effect and every commit from outside, and throws at the first violation.
 *
 * `truth` knows what was added and where it was synced, `lineage` what the ledger must hold, `asOf`
 * law 4, `watch` what a process of the primary may send, `readers` what each reader was shown, and
 * `amnesia` which stores forgot. The checks of groups and decisions know what a commit may do.
 */
import type { LedgerSnapshot } from "../../../src/core/ledger/ledger.ts";
import type { LedgerMeta } from "../../../src/core/ledger/rows.ts";
import type { CommitResult, LedgerCommand } from "../../../src/core/ledger/apply_commands.ts";
import type { FromLikesServer } from "../../../src/core/protocol/messages.ts";
import type { RecordCodec } from "../../../src/core/protocol/record.ts";
import type {
  GenerationId,
  IncarnationId,
  OutboxId,
  PersonId,
} from "../../../src/core/protocol/ids.ts";
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
  /** Marked copies that no primary has opened yet. */
  readonly #marked = new Set<LedgerDisk>();
  readonly #nowMs: () => number;
  readonly outboxes: () => Iterable<OutboxDisk>;
  readonly remembersAll: boolean;
  /** The lineage of each ledger disk: true, copied or foreign. */
  readonly #lineages = new Map<LedgerDisk, Lineage>();
  /** The lineage of the open ledger. */
  lineage: Lineage;
  /** The lineage of the true ledger, even while a foreign one replaces it. */
  home: Lineage;
  /** The primary that opened its ledger last: only this one can write. */
  #watch: PrimaryWatch | undefined;
  /** Persons that the true ledger has ever forgotten. */
  readonly #forgotten = new Set<PersonId>();
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

  /** The true ledger is from now on `disk`, restored from an older copy. */
  restored(disk: LedgerDisk): void {
    this.amnesia.ledgerForgets(this.home, this.outboxes());
    this.home = this.lineageOf(disk);
    this.home.restored();
    if (disk.copiedMs !== undefined) this.#marked.add(disk);
    this.asOf.restart();
  }

  // The primary.

  /** A primary starts to serve the ledger on `disk`. Returns its watch. */
  primaryStarted(disk: LedgerDisk, snapshot: LedgerSnapshot): PrimaryWatch {
    const lineage = this.lineageOf(disk);
    this.lineage = lineage;
    // Another opening may have taken the ledger over since this one read it. This one then knows
    // an earlier state, and no reader is shown its generation, because a Welcome needs a commit.
    const isNewest = disk.generations.at(-1)?.generation === snapshot.generation;
    if (isNewest) this.readers.opened(snapshot.generation, disk);
    if (isNewest) lineage.opened();
    const { asOfMs } = snapshot.meta;
    const isAsOf = isNewest ? asOfMs === lineage.asOfMs : asOfMs <= lineage.asOfMs;
    expect(isAsOf, () => `a start finds as_of ${asOfMs}, not ${lineage.asOfMs}`);
    const isRecorded = snapshot.troubles.some(({ kind, outboxId }) => {
      return kind === "ledger_restored" && outboxId === undefined;
    });
    const isCopy = this.#marked.delete(disk);
    const isMarked = isRecorded || snapshot.copiedMs !== undefined;
    expect(isMarked || !isCopy, () => "an opened copy is not marked as one");
    const watch = new PrimaryWatch(lineage, snapshot, {
      nowMs: this.#nowMs,
      isTwinned: (outboxId) => this.asOf.isTwinned(outboxId),
    });
    if (isNewest) this.#watch = watch;
    return watch;
  }

  /** An `as_of` that no pulse carried counts from the step at which its commit is asked for. */
  asked(watch: PrimaryWatch | undefined, commands: readonly LedgerCommand[]): void {
    const { length } = commands;
    expect(length <= COMMIT_COMMANDS_MAX + 1, () => `${length} commands are in a commit`);
    for (const command of commands) {
      if (command.type === "advance") watch?.stepOf(command.asOfMs);
    }
  }

  /** A broken LikesServer sent false events, which must never count. */
  markFalse(message: FromLikesServer): void {
    this.#groups.falseMessages.add(message);
  }

  /**
   * An operator asks for a decision while these stream. Retired incarnations no longer count as
   * live.
   */
  decides(requestId: number, streaming: ReadonlyMap<IncarnationId, OutboxId>): void {
    const { incarnations } = this.lineage.disk;
    const live = [...streaming].filter(([id]) => incarnations.get(id)?.state !== "retired");
    this.#decisions.asked(requestId, new Map(live));
  }

  /** A commit of `commands` is on the disk, which had `before`. Its primary may not know yet. */
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
    lineage.committed(group, commands);
    if (!lineage.isForeign) for (const person of disk.forgotten.keys()) this.#forgotten.add(person);
    const { asOfMs } = group.meta;
    expect(asOfMs >= lineage.asOfMs, () => `as_of went back to ${asOfMs}`);
    const known = group.troubles.length;
    const isFrozen = disk.troubles.size > known && asOfMs > lineage.asOfMs;
    expect(!isFrozen, () => `as_of moves to ${asOfMs} while a trouble is open`);
    if (asOfMs > lineage.asOfMs) {
      lineage.asOfMs = asOfMs;
      lineage.asOfStep = this.#watch?.stepOf(asOfMs) ?? 0;
      if (!lineage.isForeign) this.asOf.check(lineage);
    }
    if (group.decisions.some(({ kind }) => kind === "confirmed")) this.#watch?.checkAnswered();
    if (!lineage.isForeign) this.amnesia.committed(group, lineage);
  }

  /** A commit reports that it did not change the ledger. */
  unchanged({ members, troubles, decisions }: CommitResult): void {
    const rows = members.length + troubles.length + decisions.length;
    expect(rows === 0, () => `${rows} rows change without a new version`);
  }

  /** A client reads the primary's status. */
  status(status: Status): void {
    const watch = this.#watch;
    if (watch === undefined) return;
    const { totalLikes, asOfMs } = status;
    expect(totalLikes === watch.meta.totalLikes, () => "the status shows an uncommitted total");
    expect(asOfMs === watch.meta.asOfMs, () => "the status shows an uncommitted as_of");
    this.readers.shown(this, status);
    watch.checkStatus(status);
    const isUnrecorded = this.lineage.disk.copiedMs !== undefined;
    expect(
      !isUnrecorded || status.convergence === "unknown",
      () => "an unconfirmed copy is not UNKNOWN",
    );
    if (status.convergence === "converged") this.converged++;
  }

  // The LikesServers.

  /** A LikesServer shows a pulse. */
  shows(outboxId: OutboxId, generation: GenerationId, version: number): void {
    if (this.#watch?.generation === generation) this.#watch.shows(outboxId, version);
  }

  // The end.

  /**
   * Checks that every acknowledged like is counted or has an excuse; with `isEnd`, when no write is
   * pending, every synced like too.
   */
  finish(isEnd: boolean): void {
    const { home: lineage } = this;
    lineage.finish();
    for (const person of this.#forgotten) {
      const isForgotten = lineage.disk.forgotten.has(person);
      expect(isForgotten, () => `${person} is no longer forgotten after a restore`);
    }
    for (const add of this.truth.adds) {
      const isDue = isEnd ? add.syncedIn !== undefined : add.acceptedStep > 0;
      if (!isDue || lineage.isCounted(add)) continue;
      const isLost = this.asOf.excuseForEver(add, lineage) === undefined;
      expect(!isLost, () => this.asOf.lost(add, lineage));
    }
    this.amnesia.finish();
  }
}
