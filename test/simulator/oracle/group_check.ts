/**
 * What a group of commands may do to the ledger, held against the commands themselves: a batch that is
 * applied already is a duplicate and nothing else, a stream that is refused is not heard any more,
 * a Hello writes nothing, who leaves has asked for that, and a version names each change.
 */
import type { LedgerMeta } from "../../../src/core/ledger/rows.ts";
import type {
  CommitResult,
  LedgerCommand,
  LedgerResult,
} from "../../../src/core/ledger/ledger_command.ts";
import type { FromLikesServer } from "../../../src/core/protocol/messages.ts";
import type { Id } from "../../../src/core/protocol/ids.ts";
import { expect } from "./failure.ts";
import type { Lineage } from "./lineage.ts";

/** Looks at the groups of all ledgers of a world. */
export class GroupCheck {
  /** Incarnations that were ever reported: only these may have a row. */
  readonly #reported = new Set<Id>();
  /** What broken LikesServers said. */
  readonly forged = new WeakSet<FromLikesServer>();

  /** A group is on the disk of `lineage`, which does not know of it yet; `before` was there. */
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
        checkAsked(result, commands, group);
      }
      if (command.type !== "batch") continue;
      const isForged = this.forged.has(command.batch) && result?.type === "applied";
      expect(!isForged, () => "a batch is applied that its LikesServer did not send");
      if (!isDecided) checkBatch(command.batch, result, lineage);
    }
    expect(results.length === 0, () => "a stream is heard after it was refused");
    this.#checkHellos(commands, group, lineage);
  }

  #checkHellos(
    commands: readonly LedgerCommand[],
    { members }: CommitResult,
    { disk }: Lineage,
  ): void {
    const written = new Set(commands.flatMap(outboxesOf));
    for (const { outboxId } of members) {
      const isAsked = written.has(outboxId) || written.has("");
      expect(isAsked, () => `${outboxId} is written although nobody asked for it`);
    }
    for (const command of commands) {
      if (command.type !== "hello") continue;
      const { incarnation } = command.hello;
      const isOpened = disk.incarnations.has(incarnation) && !this.#reported.has(incarnation);
      expect(!isOpened, () => `a Hello opens ${incarnation}`);
    }
  }
}

type Batch = Extract<LedgerCommand, { readonly type: "batch" }>["batch"];

function checkBatch(batch: Batch, result: LedgerResult | undefined, lineage: Lineage): void {
  const { incarnation, lastSequence } = batch;
  const { incarnations, members } = lineage.disk;
  const row = incarnations.get(incarnation);
  const applied = lineage.appliedOf(incarnation);
  if (result?.type === "duplicate") {
    const isKnown = lastSequence <= (row?.appliedSequence ?? 0);
    expect(isKnown, () => `#${lastSequence} is called a duplicate, #${applied} is applied`);
  }
  const isRetired =
    row?.state === "retired" || members.get(row?.outboxId ?? "")?.state === "retired";
  expect(!isRetired || result?.type !== "applied", () => `${incarnation} is retired, and counted`);
  if (row === undefined || isRetired || lastSequence > applied) return;
  expect(result?.type === "duplicate", () => {
    return `#${lastSequence} comes again, #${applied} is applied: ${result?.type}`;
  });
}

/** Who leaves has nothing open any more, of which likes could be awaited. */
function checkLeft({ members }: CommitResult, { disk }: Lineage): void {
  for (const { outboxId, state } of members) {
    if (state !== "left" || disk.members.get(outboxId)?.state !== "left") continue;
    for (const row of disk.incarnations.values()) {
      const isOpen = row.outboxId === outboxId && row.state === "open";
      expect(!isOpen, () => `${outboxId} has left, and ${row.incarnation} is open`);
    }
  }
}

type Reported = Extract<LedgerResult, { readonly type: "reported" }>;

/**
 * Nobody is let go of who has not asked for that. A late report of one that left is told so too, and
 * writes nothing; its row may be written meanwhile by a batch of another copy.
 */
function checkAsked(
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
  expect(isExplained, () => `${outboxId} has left, and has not asked for that`);
}

/**
 * What an outbox cannot deliver any further does not look like what a live copy delivers, unless one
 * does.
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
    expect(!isOpen, () => `${incarnation} is open, and its outbox is in trouble about it`);
  }
}

/** Those that a command may write; "" for any. */
function outboxesOf(command: LedgerCommand): readonly Id[] {
  if (command.type === "report") return [command.report.outboxId];
  if (command.type === "batch") return [command.outboxId];
  return command.type === "decide" ? [""] : [];
}

function checkVersion(meta: LedgerMeta, before: LedgerMeta): void {
  const { version, totalVersion } = meta;
  const isSame = meta.totalLikes === before.totalLikes;
  expect(version === before.version || version === before.version + 1, () => {
    return `version ${version} follows ${before.version}`;
  });
  expect(meta.asOfMs === before.asOfMs || version > before.version, () => "as_of has no version");
  const expected = isSame ? before.totalVersion : before.version + 1;
  expect(
    totalVersion === expected,
    () => `the total is of version ${totalVersion}, not ${expected}`,
  );
}
