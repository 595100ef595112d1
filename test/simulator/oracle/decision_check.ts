/**
 * Law 7, of those who decide: what an operator decides is recorded for ever and ends what it is about,
 * and of what streams nobody says that nothing more will come. What streams is taken from the wire,
 * when the operator asks.
 */
import type { DecisionRow, TroubleRow } from "../../../src/core/ledger/ledger.ts";
import type {
  CommitResult,
  LedgerCommand,
  LedgerResult,
} from "../../../src/core/ledger/ledger_command.ts";
import type { Id } from "../../../src/core/protocol/ids.ts";
import type { LedgerDisk } from "../../../src/store/ledger/memory_ledger.ts";
import { expect } from "./failure.ts";

type Decided = Extract<LedgerResult, { readonly type: "decided" }>;
type Retire = Extract<DecideCommand["decision"], { readonly type: "retire" }>;
type DecideCommand = Extract<LedgerCommand, { readonly type: "decide" }>;

/** Incarnations of which somebody answers, and the outbox of each. */
type Streaming = ReadonlyMap<Id, Id>;

/** Looks at the decisions of all lives of the primary. */
export class DecisionCheck {
  readonly #streaming = new Map<number, Streaming>();

  /** An operator asks for something while these stream. */
  asked(requestId: number, streaming: Streaming): void {
    this.#streaming.set(requestId, streaming);
  }

  /** A group is on `disk`. */
  check(commands: readonly LedgerCommand[], { results }: CommitResult, disk: LedgerDisk): void {
    for (const [index, command] of commands.entries()) {
      if (command.type !== "decide") continue;
      const { requestId, decision } = command;
      const result = results.find((one): one is Decided => {
        return one.type === "decided" && one.requestId === requestId;
      });
      expect(result !== undefined, () => `nothing came of the ${decision.type} of an operator`);
      if (result.refusal === undefined) checkRecorded(result.decisions, decision.reason, disk);
      else expect(result.decisions.length === 0, () => "what was refused is decided");
      if (result.refusal !== undefined) continue;
      const isLast = commands.slice(index + 1).every(({ type }) => type === "advance");
      if (decision.type === "retire" && isLast) checkRetired(decision, result.decisions, disk);
      const streaming = this.#streaming.get(requestId) ?? new Map<Id, Id>();
      if (decision.type === "resolve") {
        checkResolved(decision.troubleNumber, result.decisions, { disk, streaming, isLast });
      }
    }
  }
}

function checkRecorded(decisions: readonly DecisionRow[], reason: string, disk: LedgerDisk): void {
  expect(decisions.length > 0, () => "an operator decides, and no decision is recorded");
  for (const decision of decisions) {
    const recorded = disk.decisions.find(({ number }) => number === decision.number);
    expect(recorded?.reason === reason, () => `decision ${decision.number} is not in the ledger`);
    const { trouble } = decision;
    const isOver = trouble === undefined || !disk.troubles.has(trouble.number);
    expect(isOver, () => `trouble ${trouble?.number} is decided, and goes on`);
  }
}

/** Nothing of a member that was retired is waited for. */
function checkRetired(
  { outboxId }: Retire,
  decisions: readonly DecisionRow[],
  { members, incarnations, troubles }: LedgerDisk,
): void {
  const isNamed = decisions.some((one) => one.outboxId === outboxId && one.trouble === undefined);
  expect(isNamed, () => `no decision says that ${outboxId} is retired`);
  const state = members.get(outboxId)?.state;
  expect(state === "retired", () => `${outboxId} is retired, and is a ${state}`);
  for (const row of incarnations.values()) {
    const isOver = row.state === "closed" || row.state === "retired";
    const isOther = row.outboxId !== outboxId;
    expect(isOver || isOther, () => `${row.incarnation} is ${row.state}, its outbox retired`);
  }
  for (const trouble of troubles.values()) {
    expect(trouble.outboxId !== outboxId, () => `a trouble of ${outboxId} outlives its retiring`);
  }
}

/** What streams may yet bring what is missing: of that nobody says that it will not come. */
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
  expect(trouble !== undefined, () => `trouble ${troubleNumber} is decided, and not kept`);
  const { kind, incarnation, outboxId } = trouble;
  const streams = incarnation !== undefined && streaming.has(incarnation);
  const gaps = decisions.filter(({ givenUp }) => givenUp !== undefined);
  expect(gaps.length === 0 || !streams, () => `a gap of ${incarnation} is closed, and it streams`);
  const isByWord = kind === "ledger_restored" && outboxId !== undefined;
  expect(!isByWord, () => `a word ends the redelivery of ${outboxId}`);
  if (!isLast) return;
  if (kind === "outbox_rolled_back" || kind === "digest_differs") {
    expect(incarnation !== undefined, () => `${kind} is recorded of no incarnation`);
    const { state } = disk.incarnations.get(incarnation) ?? {};
    expect(!streams || state !== "retired", () => `${incarnation} is retired, and it streams`);
  }
  if (kind === "second_incarnation") checkCopies(trouble, disk, streaming);
}

/** Of copies that stream, and have reported, nobody takes one for the outbox. */
function checkCopies({ outboxId }: TroubleRow, disk: LedgerDisk, streaming: Streaming): void {
  const live = [...streaming].filter(([incarnation, one]) => {
    return one === outboxId && disk.incarnations.has(incarnation);
  }).length;
  const isOpen = [...disk.incarnations.values()].some((row) => {
    return row.outboxId === outboxId && row.state === "open";
  });
  expect(live < 2 || !isOpen, () => `of ${outboxId} ${live} copies stream, and one is ended`);
}
