/** A ledger in memory that runs the commands of a commit as the primary does. */
import type {
  IncarnationRow,
  LedgerMeta,
  MemberRow,
  TroubleRow,
} from "../../../src/core/ledger/rows.ts";
import type {
  CommitResult,
  LedgerCommand,
  LedgerResult,
} from "../../../src/core/ledger/ledger_command.ts";
import { commitCommands } from "../../store/ledger/ledger_fixture.ts";
import type { GenerationId, IncarnationId, OutboxId } from "../../../src/core/protocol/ids.ts";
import { LedgerDisk, MemoryLedger } from "../../../src/store/ledger/memory_ledger.ts";
import { FIRST, GENERATION, LEDGER, OUTBOX } from "../core_fixture.ts";

export class LedgerHarness {
  readonly disk: LedgerDisk;
  readonly store: MemoryLedger;

  constructor(disk = new LedgerDisk(LEDGER), generation: GenerationId = GENERATION) {
    this.disk = disk;
    this.store = new MemoryLedger(disk, generation);
  }

  async run(...commands: readonly LedgerCommand[]): Promise<CommitResult> {
    const outcome = await commitCommands(this.store, commands, 1_000);
    if (outcome.type !== "done") throw new Error("the commit was refused");
    return outcome.value;
  }

  /** Runs one command. Returns its result. */
  async result(command: LedgerCommand): Promise<LedgerResult> {
    const { results } = await this.run(command);
    return results[0] as LedgerResult;
  }

  get meta(): LedgerMeta {
    return this.disk.meta;
  }

  row(incarnation: IncarnationId = FIRST): IncarnationRow | undefined {
    return this.disk.incarnations.get(incarnation);
  }

  member(outboxId: OutboxId = OUTBOX): MemberRow | undefined {
    return this.disk.members.get(outboxId);
  }

  /** Recorded troubles without a decision. */
  async troubles(): Promise<readonly TroubleRow[]> {
    return (await this.store.load()).troubles;
  }

  async troubleKinds(): Promise<readonly string[]> {
    return (await this.troubles()).map(({ kind }) => kind);
  }

  /** Marks the ledger as `likes backup` marks its copy. */
  markCopied(copiedMs: number): void {
    this.disk.copiedMs = copiedMs;
  }
}

/** Returns the code of a refusal, or the type of another result. */
export function endOf(result: LedgerResult | undefined): string | undefined {
  return result?.type === "refused" ? result.refusal.code : result?.type;
}
