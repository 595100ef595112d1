/**
 * Checks a commit against its commands: an applied batch that comes again is only a duplicate, a
 * refused stream is ignored, a Hello writes nothing, a member leaves only on request, and each
 * change has a version.
 */
import type { LedgerMeta } from "../../../src/core/ledger/rows.ts";
import type {
  CommitResult,
  LedgerCommand,
  LedgerResult,
} from "../../../src/core/ledger/ledger_command.ts";
import type { FromLikesServer } from "../../../src/core/protocol/messages.ts";
import type { IncarnationId, OutboxId } from "../../../src/core/protocol/ids.ts";
import { expect } from "./failure.ts";
import type { Lineage } from "./lineage.ts";

/** Checks the commits of all ledgers of a world. */
export class GroupCheck {
  /** All reported incarnations: only these may have a row. */
  readonly #reported = new Set<IncarnationId>();
  /** False messages of broken LikesServers. */
  readonly falseMessages = new WeakSet<FromLikesServer>();

  /**
   * A commit is on the disk of `lineage`, which has not recorded it yet. `before` was there before.
   */
  check(
    commands: readonly LedgerCommand[],
    group: CommitResult,
    { lineage, before }: { readonly lineage: Lineage; readonly before: LedgerMeta },
  ): void {
    checkVersion(group.meta, before);
    const isDecided = commands.some(({ type }) => type === "decide");
    if (!isDecided) checkLeft(group, lineage);
    const results = group.results.filter((result) => "streamId" in result);
    const refused = new Set<number>();
    for (const command of commands) {
      if (!("streamId" in command) || refused.has(command.streamId)) continue;
      const result = results.shift();
      if (result?.type === "refused") refused.add(command.streamId);
      if (command.type === "report") this.#reported.add(command.report.report.incarnation);
      if (result?.type === "reported" && !isDecided) {
        checkParked(result, commands, lineage);
        checkLeaveRequested(result, commands, group);
      }
      if (command.type !== "batch") continue;
      const isForged = this.falseMessages.has(command.batch) && result?.type === "applied";
      expect(!isForged, () => "a false batch is applied");
      if (!isDecided) checkBatch(command.batch, result, lineage);
    }
    expect(results.length === 0, () => "a refused stream is still handled");
    this.#checkHellos(commands, group, lineage);
  }

  #checkHellos(
    commands: readonly LedgerCommand[],
    { members }: CommitResult,
    { disk }: Lineage,
  ): void {
    const written = new Set(commands.flatMap(outboxesOf));
    const isDecided = commands.some(({ type }) => type === "decide");
    for (const { outboxId } of members) {
      const isAsked = isDecided || written.has(outboxId);
      expect(isAsked, () => `${outboxId} is written without a command`);
    }
    for (const command of commands) {
      if (command.type !== "hello") continue;
      const { incarnation } = command.hello;
      const isOpened = disk.incarnations.has(incarnation) && !this.#reported.has(incarnation);
      expect(!isOpened, () => `a Hello opened ${incarnation}`);
    }
  }
}

type Batch = Extract<LedgerCommand, { readonly type: "batch" }>["batch"];

function checkBatch(batch: Batch, result: LedgerResult | undefined, lineage: Lineage): void {
  const { incarnation } = batch;
  const { last } = batch.events;
  const { incarnations, members } = lineage.disk;
  const row = incarnations.get(incarnation);
  const applied = lineage.appliedOf(incarnation);
  if (result?.type === "duplicate") {
    const isKnown = last <= (row?.appliedSequence ?? 0);
    expect(isKnown, () => `#${last} is called a duplicate, only #${applied} is applied`);
  }
  const isRetired =
    row !== undefined &&
    (row.state === "retired" || members.get(row.outboxId)?.state === "retired");
  expect(!isRetired || result?.type !== "applied", () => `retired ${incarnation} is counted`);
  if (row === undefined || isRetired || last > applied) return;
  expect(result?.type === "duplicate", () => {
    return `#${last} comes again, #${applied} is applied: ${result?.type}`;
  });
}

/** A departed member has no open incarnation, for which the ledger would wait. */
function checkLeft({ members }: CommitResult, { disk }: Lineage): void {
  for (const { outboxId, state } of members) {
    if (state !== "left" || disk.members.get(outboxId)?.state !== "left") continue;
    for (const row of disk.incarnations.values()) {
      const isOpen = row.outboxId === outboxId && row.state === "open";
      expect(!isOpen, () => `${outboxId} has left, but ${row.incarnation} is open`);
    }
  }
}

type Reported = Extract<LedgerResult, { readonly type: "reported" }>;

/**
 * A member leaves only on request. A late report of a departed one is answered with `left` too and
 * writes nothing; a batch of another copy may write the row meanwhile.
 */
function checkLeaveRequested(
  { command: { outboxId }, left }: Reported,
  commands: readonly LedgerCommand[],
  { members }: CommitResult,
): void {
  const row = members.find((one) => one.outboxId === outboxId);
  if (!left || row?.state !== "left") return;
  const isExplained = commands.some((one) => {
    if (one.type === "batch") return one.outboxId === outboxId;
    return one.type === "report" && one.report.outboxId === outboxId && one.report.report.leaving;
  });
  expect(isExplained, () => `${outboxId} has left without asking`);
}

/**
 * An incarnation that its outbox cannot deliver must not stay open, unless a live copy delivers it.
 */
function checkParked(
  { command, resolved }: Reported,
  commands: readonly LedgerCommand[],
  { disk }: Lineage,
): void {
  const live = new Set(
    commands.map((one) => one.type === "report" && one.report.report.incarnation),
  );
  for (const { kind, incarnation } of command.report.troubles) {
    const row = disk.incarnations.get(incarnation);
    if (kind === "ledger_restored" || row?.outboxId !== command.outboxId) continue;
    if (live.has(incarnation)) continue;
    const isOpen = row.state === "open" && !resolved.includes(incarnation);
    expect(!isOpen, () => `${incarnation} is open although its outbox reports trouble`);
  }
}

/** Returns the outboxes that a command of a LikesServer may write. A decision may write any. */
function outboxesOf(command: LedgerCommand): readonly OutboxId[] {
  if (command.type === "report") return [command.report.outboxId];
  return command.type === "batch" ? [command.outboxId] : [];
}

function checkVersion(meta: LedgerMeta, before: LedgerMeta): void {
  const { version, totalVersion } = meta;
  const isSame = meta.totalLikes === before.totalLikes;
  expect(version === before.version || version === before.version + 1, () => {
    return `version ${version} follows ${before.version}`;
  });
  expect(
    meta.asOfMs === before.asOfMs || version > before.version,
    () => "as_of moved without a version",
  );
  const expected = isSame ? before.totalVersion : before.version + 1;
  expect(
    totalVersion === expected,
    () => `the total is of version ${totalVersion}, not ${expected}`,
  );
}
