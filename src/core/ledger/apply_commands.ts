/**
 * Applies commands to the ledger.
 *
 * Commands run inside the store's transaction, never on receipt, each on the state that the
 * previous one left. After a refused command the later ones of its stream are skipped: their sender
 * has to say Hello first.
 */
import { applyBatch } from "./apply_batch.ts";
import { forgetPerson } from "./apply_event.ts";
import { decodeCommand } from "./decode_batch.ts";
import type { DecodedCommand } from "./decode_batch.ts";
import { needsOf } from "./ledger_needs.ts";
import type { LedgerNeed } from "./ledger_needs.ts";
import type { LedgerTransaction } from "./ledger_transaction.ts";
import { UnitOfWork } from "./unit_of_work.ts";
import type { CommitResult, LedgerCommand, LedgerResult } from "./ledger_command.ts";
import { checkFingerprint, foreignIncarnation, resultOfAttempt } from "./ledger_refusals.ts";
import type { Hello } from "../protocol/messages.ts";
import type { RecordCodec } from "../protocol/record.ts";
import { confirmRestoredCopy, recordCopy, decide } from "./operator_decisions.ts";
import { applyReport } from "./apply_report.ts";

export type * from "./ledger_command.ts";

type StreamCommand = Extract<DecodedCommand, { readonly streamId: number }>;

/** What a store's transaction does: the rows that it is expected to read, and the rules. */
export interface LedgerWork {
  readonly needs: readonly LedgerNeed[];
  /** Pure. Writes nothing when nothing changes. */
  readonly apply: (ledger: LedgerTransaction) => CommitResult;
}

/**
 * Returns the work that applies `commands` in order. The wall clock `nowUnixMs` dates rows for
 * people, and decides nothing.
 */
export function workOf(
  commands: readonly LedgerCommand[],
  codec: RecordCodec,
  nowUnixMs: number,
): LedgerWork {
  const decoded = commands.map((command) => decodeCommand(command, codec));
  const apply = (ledger: LedgerTransaction) => applyCommands(ledger, decoded, codec, nowUnixMs);
  return { needs: needsOf(decoded), apply };
}

function applyCommands(
  ledger: LedgerTransaction,
  commands: readonly DecodedCommand[],
  codec: RecordCodec,
  nowUnixMs: number,
): CommitResult {
  const changes = new UnitOfWork(ledger, nowUnixMs);
  const results: LedgerResult[] = [];
  const refused = new Set<number>();
  for (const command of commands) {
    if (!("streamId" in command)) results.push(...applyInternal(changes, command));
    else if (!refused.has(command.streamId)) {
      const result = applyStreamCommand(changes, command, codec);
      if (result.type === "refused") refused.add(command.streamId);
      results.push(result);
    }
  }
  const meta = changes.finish();
  const { members, troubles, decisions } = changes;
  return { results, meta, members, troubles, decisions };
}

/** Applies a command that belongs to no stream. */
function applyInternal(
  changes: UnitOfWork,
  command: Exclude<DecodedCommand, StreamCommand>,
): readonly LedgerResult[] {
  switch (command.type) {
    case "advance":
      changes.advance(command.asOfMs);
      return [];
    case "record_copy":
      recordCopy(changes);
      return [];
    case "confirm_copy":
      confirmRestoredCopy(changes, command.departedMembers);
      return [];
    case "forget":
      forgetPerson(changes, command);
      return [];
    case "decide":
      return [decide(changes, command.requestId, command.decision)];
  }
}

function applyStreamCommand(
  changes: UnitOfWork,
  command: StreamCommand,
  codec: RecordCodec,
): LedgerResult {
  const { streamId } = command;
  switch (command.type) {
    case "hello":
      return handshake(changes, streamId, command.hello);
    case "report": {
      const work = () => applyReport(changes, streamId, command.report);
      return resultOfAttempt(streamId, changes.attempt(work));
    }
    case "batch":
      return applyBatch(changes, command, codec);
  }
}

/** Only reads, because a Hello may be old. */
function handshake(changes: UnitOfWork, streamId: number, hello: Hello): LedgerResult {
  const row = changes.incarnationOr(hello.incarnation, hello.outboxId);
  if (row.outboxId !== hello.outboxId) {
    return { type: "refused", streamId, refusal: foreignIncarnation(row.incarnation) };
  }
  const refusal = checkFingerprint(hello.fingerprint, changes.fingerprint);
  if (refusal !== undefined) return { type: "refused", streamId, refusal };
  const { appliedSequence, digest } = row;
  const isBehind = hello.acknowledgedSequence > appliedSequence;
  const redeliver = isBehind || isRestored(changes.ledger, hello);
  return { type: "welcome", streamId, appliedSequence, digest, redeliver };
}

/** Returns true when the outbox has seen a newer state of this ledger than the ledger has. */
function isRestored(ledger: LedgerTransaction, { seen }: Hello): boolean {
  if (seen === undefined) return false;
  const generation = ledger.generation(seen.generation);
  if (generation === undefined) return true;
  return seen.version > (generation.lastVersion ?? ledger.meta().version);
}
