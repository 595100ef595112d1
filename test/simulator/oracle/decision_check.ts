/**
 * Law 7, for operators: a decision is recorded for good and ends what it is about, and an
 * incarnation with a live stream is never retired. The wire shows which ones stream when the
 * operator asks.
 */
import type { DecisionRow, TroubleRow } from "../../../src/core/ledger/rows.ts";
import type {
  CommitResult,
  LedgerCommand,
  LedgerResult,
} from "../../../src/core/ledger/ledger_command.ts";
import type { IncarnationId, OutboxId } from "../../../src/core/protocol/ids.ts";
import type { LedgerDisk } from "../../../src/store/ledger/memory_ledger.ts";
import { expect } from "./failure.ts";

type Decided = Extract<LedgerResult, { readonly type: "decided" }>;
type Retire = Extract<DecideCommand["decision"], { readonly type: "retire" }>;
type DecideCommand = Extract<LedgerCommand, { readonly type: "decide" }>;

/** Streaming incarnations, and the outbox of each. */
type Streaming = ReadonlyMap<IncarnationId, OutboxId>;

/** Checks the decisions of all processes of the primary. */
export class DecisionCheck {
  readonly #streaming = new Map<number, Streaming>();

  /** An operator asks for a decision while `streaming` are live. */
  asked(requestId: number, streaming: Streaming): void {
    this.#streaming.set(requestId, streaming);
  }

  /** A commit is on `disk`. */
  check(commands: readonly LedgerCommand[], { results }: CommitResult, disk: LedgerDisk): void {
    for (const [index, command] of commands.entries()) {
      if (command.type !== "decide") continue;
      const { requestId, decision } = command;
      const result = results.find((one): one is Decided => {
        return one.type === "decided" && one.requestId === requestId;
      });
      expect(result !== undefined, () => `an operator's ${decision.type} has no result`);
      if (result.refusal === undefined) checkRecorded(result.decisions, decision.reason, disk);
      else expect(result.decisions.length === 0, () => "a refused decision is recorded");
      if (result.refusal !== undefined) continue;
      const isLast = commands.slice(index + 1).every(({ type }) => type === "advance");
      if (decision.type === "retire" && isLast) checkRetired(decision, result.decisions, disk);
      const streaming = this.#streaming.get(requestId) ?? new Map<IncarnationId, OutboxId>();
      if (decision.type === "resolve") {
        checkResolved(decision.troubleNumber, result.decisions, { disk, streaming, isLast });
      }
    }
  }
}

function checkRecorded(decisions: readonly DecisionRow[], reason: string, disk: LedgerDisk): void {
  expect(decisions.length > 0, () => "a decision is not recorded");
  for (const decision of decisions) {
    const recorded = disk.decisions.find(({ number }) => number === decision.number);
    expect(recorded?.reason === reason, () => `decision ${decision.number} is not in the ledger`);
    const { trouble } = decision;
    const isOver = trouble === undefined || !disk.troubles.has(trouble.number);
    expect(isOver, () => `trouble ${trouble?.number} is decided but still open`);
  }
}

/** Nothing of a retired member may stay open. */
function checkRetired(
  { outboxId }: Retire,
  decisions: readonly DecisionRow[],
  { members, incarnations, troubles }: LedgerDisk,
): void {
  const isRecorded = decisions.some(
    (one) => one.outboxId === outboxId && one.trouble === undefined,
  );
  expect(isRecorded, () => `no decision records that ${outboxId} is retired`);
  const state = members.get(outboxId)?.state;
  expect(state === "retired", () => `${outboxId} was retired but is ${state}`);
  for (const row of incarnations.values()) {
    const isOver = row.state === "closed" || row.state === "retired";
    const isOther = row.outboxId !== outboxId;
    expect(isOver || isOther, () => `${row.incarnation} is ${row.state} in a retired outbox`);
  }
  for (const trouble of troubles.values()) {
    expect(trouble.outboxId !== outboxId, () => `a trouble of retired ${outboxId} is open`);
  }
}

/** A streaming incarnation may still deliver what is missing, so it must not be given up. */
function checkResolved(
  troubleNumber: number,
  decisions: readonly DecisionRow[],
  {
    disk,
    streaming,
    isLast,
  }: { readonly disk: LedgerDisk; readonly streaming: Streaming; readonly isLast: boolean },
): void {
  const trouble = disk.decidedTroubles.get(troubleNumber);
  expect(trouble !== undefined, () => `trouble ${troubleNumber} is decided but not kept`);
  const { kind, incarnation, outboxId } = trouble;
  const streams = incarnation !== undefined && streaming.has(incarnation);
  const gaps = decisions.filter(({ givenUp }) => givenUp !== undefined);
  expect(gaps.length === 0 || !streams, () => `a gap of ${incarnation} is closed while it streams`);
  const isRedelivery = kind === "ledger_restored" && outboxId !== undefined;
  expect(!isRedelivery, () => `an operator ended the redelivery of ${outboxId}`);
  if (!isLast) return;
  if (kind === "outbox_rolled_back" || kind === "digest_differs") {
    expect(incarnation !== undefined, () => `${kind} is recorded without an incarnation`);
    const { state } = disk.incarnations.get(incarnation) ?? {};
    expect(!streams || state !== "retired", () => `${incarnation} is retired while it streams`);
  }
  if (kind === "second_incarnation") checkCopies(trouble, disk, streaming);
}

/** While several copies stream and have reported, none may be chosen as the outbox. */
function checkCopies({ outboxId }: TroubleRow, disk: LedgerDisk, streaming: Streaming): void {
  const live = [...streaming].filter(([incarnation, one]) => {
    return one === outboxId && disk.incarnations.has(incarnation);
  }).length;
  const isOpen = [...disk.incarnations.values()].some((row) => {
    return row.outboxId === outboxId && row.state === "open";
  });
  expect(live < 2 || !isOpen, () => `one of ${live} streaming copies of ${outboxId} is ended`);
}
