/** The primary's shell in a simulated world, as src/primary is in the real one. */
import type { CommitResult, LedgerCommand } from "../../src/core/ledger/apply_commands.ts";
import { assert } from "../../src/assert.ts";
import { needsOf } from "../../src/core/ledger/ledger_needs.ts";
import { applyCommands } from "../../src/core/ledger/apply_commands.ts";
import type { CommitOutcome, LedgerSnapshot, OpeningEnd } from "../../src/core/ledger/ledger.ts";
import type { CountsAnswer, CountsFetch } from "../../src/core/likes_server/count_cache.ts";
import type { CountsOutcome } from "../../src/core/primary/counts_reader.ts";
import { PrimaryCore } from "../../src/core/primary/primary.ts";
import type {
  OperatorRequest,
  OperatorResult,
  PrimaryAction,
  PrimaryEvent,
} from "../../src/core/primary/primary.ts";
import type { FromLikesServer } from "../../src/core/protocol/messages.ts";
import { STREAM_BATCHES_QUEUED_MAX } from "../../src/limits.ts";
import { inTurn } from "../../src/roles/in_turn.ts";
import { MemoryLedger } from "../../src/store/ledger/memory_ledger.ts";
import type { LedgerDisk } from "../../src/store/ledger/memory_ledger.ts";
import type { Machine } from "./machine.ts";
import type { Forged, SimulatedStream } from "./network.ts";
import { CommitCheck } from "./oracle/commit_check.ts";
import { expect } from "./oracle/failure.ts";
import type { Oracle } from "./oracle/oracle.ts";
import type { PrimaryWatch } from "./oracle/primary_watch.ts";
import { RoundCheck } from "./oracle/round_check.ts";
import type { ToTell } from "./oracle/round_check.ts";
import { SimulatedProcess } from "./process.ts";
import type { Surroundings } from "./process.ts";

/** The world, as far as the primary has to do with it. */
export interface PrimarySurroundings extends Surroundings {
  readonly oracle: Oracle;
  readonly wallClock: { read(): number };
  /** That which is in its place now. */
  readonly ledger: LedgerDisk;
  primaryDied(): void;
  /** `primary` has taken the ledger over: from here on it is the one that serves. */
  tookOver(primary: PrimaryProcess): void;
}

type Commit = CommitOutcome<CommitResult>;
type ReadCounts = Extract<PrimaryAction, { readonly type: "read_counts" }>;

/** One life of the primary. */
export class PrimaryProcess extends SimulatedProcess {
  override readonly surroundings: PrimarySurroundings;
  readonly disk: LedgerDisk;
  #generation = "";
  #store: MemoryLedger | undefined;
  readonly #streams = new Map<number, SimulatedStream>();
  readonly #decisions = new Map<number, (outcome: OperatorResult) => void>();
  readonly #readers = new Map<number, (outcome: CountsOutcome) => void>();
  readonly #welcomed = new Set<number>();
  readonly #blocked = new Set<number>();
  /** Batches of each stream that were received, and of which no commit was asked for. */
  readonly #batches = new Map<number, number>();
  #core: PrimaryCore | undefined;
  #streamId = 0;
  #requestId = 0;
  #commits = new CommitCheck();
  #rounds = new RoundCheck();
  /** Undefined while the ledger is opened. */
  #watch: PrimaryWatch | undefined;

  constructor(surroundings: PrimarySurroundings, machine: Machine, disk: LedgerDisk) {
    super(surroundings, machine, "primary");
    this.surroundings = surroundings;
    this.disk = disk;
    this.#open();
    this.tick(() => {
      if (this.#core === undefined) return;
      this.#rounds.tick(
        () => this.#tick(),
        () => this.#toTell(),
      );
    });
  }

  get core(): PrimaryCore | undefined {
    return this.isAlive ? this.#core : undefined;
  }

  /** Takes a stream; gives the id by which it is driven. */
  open(stream: SimulatedStream): number {
    const streamId = ++this.#streamId;
    if (this.#core === undefined) {
      stream.endByPrimary("the ledger is being opened");
      return streamId;
    }
    this.#streams.set(streamId, stream);
    this.drive({ type: "opened", streamId });
    return streamId;
  }

  /** A message arrives on a stream that was not ended here. */
  receive(streamId: number, message: FromLikesServer, forged?: Forged<FromLikesServer>): void {
    if (!this.#streams.has(streamId)) return;
    this.#noteStopped();
    if (forged === undefined) this.#watch?.received(streamId, message);
    else this.#forged(streamId, forged);
    if (message.type === "batch") {
      const batches = (this.#batches.get(streamId) ?? 0) + 1;
      this.#batches.set(streamId, batches);
      expect(batches <= STREAM_BATCHES_QUEUED_MAX + 1, () => `${batches} batches wait of a stream`);
    }
    this.drive({ type: "received", streamId, message });
  }

  #forged(streamId: number, { message, endsStream, isFalse }: Forged<FromLikesServer>): void {
    if (isFalse === true) this.surroundings.oracle.forged(message);
    const isDue = endsStream === "always" || !this.#welcomed.has(streamId);
    if (endsStream === "never" || !isDue || this.core === undefined) return;
    this.surroundings.agenda.after(0, () => {
      const isOpen = this.isAlive && this.#streams.has(streamId);
      expect(!isOpen, () => `takes a ${message.type} that is out of turn`);
    });
  }

  /** The connection of a stream ended. */
  closed(streamId: number): void {
    if (this.#streams.delete(streamId)) this.#ended(streamId);
    this.drive({ type: "closed", streamId });
  }

  /** An operator decides something. */
  decide(decision: OperatorRequest, then: (outcome: OperatorResult) => void): void {
    const requestId = ++this.#requestId;
    this.#decisions.set(requestId, then);
    const { oracle } = this.surroundings;
    oracle.decides(requestId, this.#watch?.streaming() ?? new Map());
    this.drive({ type: "decide", requestId, request: decision });
    const isAsked = this.core !== undefined && this.#decisions.has(requestId);
    if (isAsked && decision.type === "retire") this.#watch?.retires(decision.server);
  }

  readonly drive = inTurn((event: PrimaryEvent): void => {
    const core = this.#core;
    if (!this.isAlive || core === undefined) return;
    if (event.type === "blocked" && this.#streams.has(event.streamId)) {
      this.#blocked.add(event.streamId);
    }
    if (event.type === "writable") this.#blocked.delete(event.streamId);
    const { trace } = this.surroundings;
    if (trace !== undefined && event.type !== "tick") trace.event(this.name, event);
    for (const action of core.handle(event, this.nowMs)) {
      if (!this.livesToAct()) return;
      if (trace !== undefined && action.type !== "notice") trace.effect(this.name, action);
      this.#perform(action);
    }
  });

  /** Somebody reads the status. */
  readStatus(): void {
    if (this.core !== undefined) this.surroundings.oracle.status(this.core.status(this.nowMs));
  }

  /** Somebody asks for counts. `done` is not called when the process dies, or its opening ends. */
  count(fetch: CountsFetch, done: (answer: CountsAnswer | undefined) => void): void {
    const requestId = ++this.#requestId;
    this.#readers.set(requestId, (outcome) => {
      done(outcome.type === "counted" ? outcome.counts : undefined);
    });
    const { itemIds, limit, incarnations } = fetch;
    const request = { itemIds, pageSize: limit, pageToken: "", order: undefined, incarnations };
    this.drive({ type: "count", requestId, request });
  }

  #readCounts({ requestId, selection, incarnations }: ReadCounts): void {
    const store = this.#store;
    this.onRead(
      () => store?.countsNow(selection, incarnations),
      (outcome) => {
        if (outcome === undefined || store !== this.#store) return;
        if (outcome.type !== "done") return this.#endOpening(outcome);
        this.drive({ type: "counts_read", requestId, read: outcome.value });
      },
    );
  }

  protected override died(): void {
    for (const stream of this.#streams.values()) stream.endByPrimary("the primary died");
    this.surroundings.primaryDied();
  }

  /** Takes the ledger over, from whoever has it. */
  #open(): void {
    const { random, plan, isUnkind, ledger } = this.surroundings;
    if (this.disk !== ledger) return this.die("another ledger is in the place of its own");
    this.#generation = random.id();
    // What the rules need is loaded beforehand only in part: they miss the rest, and run again.
    const store = new MemoryLedger(this.disk, this.#generation, () => random.chance(0.1));
    this.#store = store;
    this.surroundings.tookOver(this);
    this.onRead(
      () => store.loadNow(),
      (snapshot) => {
        const dies = isUnkind && plan.faults.has("crash_in_recovery") && random.chance(0.2);
        if (dies) this.surroundings.fired("crash_in_recovery");
        if (dies) this.die("in recovery");
        else this.#begin(snapshot);
      },
    );
  }

  /** An opening is over: all that it served ends, and the ledger is opened again, or the process ends. */
  #endOpening({ type, reason }: OpeningEnd): void {
    const { surroundings } = this;
    const { random, trace, isUnkind } = surroundings;
    trace?.fault(this.name, `its opening ends: ${reason}`);
    for (const stream of this.#streams.values()) stream.endByPrimary(reason);
    this.#core = undefined;
    this.#store = undefined;
    this.#watch = undefined;
    this.#commits = new CommitCheck();
    this.#rounds = new RoundCheck();
    const operators = [...this.#decisions.values()];
    const waiting = [this.#streams, this.#decisions, this.#readers, this.#batches];
    for (const known of waiting) known.clear();
    const refusal = { code: "outcome_unknown", message: reason } as const;
    for (const answer of operators) answer({ type: "refused", refusal });
    for (const known of [this.#blocked, this.#welcomed]) known.clear();
    if (type === "superseded") {
      surroundings.fired("superseded_in_commit");
      if (!isUnkind || random.chance(0.5)) return this.die("its ledger was opened again");
      surroundings.fired("older_primary_returns");
    }
    this.later(random.whole(1, type === "superseded" ? 2_000 : 200), () => this.#open());
  }

  #begin(snapshot: LedgerSnapshot): void {
    const { wallClock, oracle, trace } = this.surroundings;
    const started = { monotonicMs: this.nowMs, wallMs: wallClock.read() };
    trace?.event(this.name, { opens: snapshot.meta, troubles: snapshot.troubles });
    this.#core = new PrimaryCore(snapshot, started);
    this.#watch = oracle.primaryStarted(this.disk, snapshot);
  }

  #tick(): void {
    this.drive({ type: "tick" });
    if (this.core === undefined) return;
    this.#noteStopped();
    this.#watch?.ticked();
  }

  #toTell(): ToTell | undefined {
    const { core, nowMs } = this;
    if (core === undefined) return undefined;
    const { convergence } = core.shown(nowMs);
    const isHeard = [...this.#welcomed].some((streamId) => {
      return !this.#blocked.has(streamId) && this.#watch?.takesPulse(streamId) === true;
    });
    return { nowMs, convergence, isHeard };
  }

  #perform(action: PrimaryAction): void {
    const { surroundings } = this;
    switch (action.type) {
      case "commit":
        surroundings.oracle.asked(this.#watch, action.commands);
        this.#commits.asked(action.commands, (id) => this.#streams.has(id), this.nowMs);
        this.#taken(action.commands);
        return this.#transact(action.commands, (outcome) => {
          if (outcome.type === "in_doubt" || outcome.type === "superseded") {
            return this.#endOpening(outcome);
          }
          if (outcome.type === "done") this.#watch?.commitSeen(outcome.value);
          else this.#commits.refused(this.nowMs);
          this.drive({ type: "committed", outcome });
          const isOver = outcome.type === "done" || this.#streams.size === 0 || !this.isAlive;
          expect(isOver, () => "a stream outlives commands of it that were not done");
        });
      case "send":
        return this.#send(action.streamId, action);
      case "end":
        if (action.refusal.code === "ledger_other") surroundings.fired("ledger_exchanged");
        this.#streams.get(action.streamId)?.endByPrimary(action.refusal.message);
        if (this.#streams.delete(action.streamId)) this.#ended(action.streamId);
        return;
      case "pause": {
        const stream = this.#streams.get(action.streamId);
        if (stream !== undefined) stream.up.isReadPaused = true;
        return;
      }
      case "resume":
        return this.#streams.get(action.streamId)?.up.resumeReading();
      case "read_counts":
        return this.#readCounts(action);
      case "counted":
        this.#readers.get(action.requestId)?.(action.outcome);
        this.#readers.delete(action.requestId);
        break;
      case "notice":
        break; // for people
      case "decided":
        this.#decisions.get(action.requestId)?.(action.outcome);
        this.#decisions.delete(action.requestId);
    }
  }

  #ended(streamId: number): void {
    this.#watch?.closed(streamId);
    for (const known of [this.#batches, this.#blocked, this.#welcomed]) known.delete(streamId);
  }

  /** A commit takes commands. Once none of a stream is left it is read again, soon. */
  #taken(commands: readonly LedgerCommand[]): void {
    for (const command of commands) {
      if (command.type !== "batch") continue;
      const { streamId } = command;
      this.#batches.set(streamId, (this.#batches.get(streamId) ?? 0) - 1);
    }
    this.surroundings.agenda.after(0, () => {
      if (!this.isAlive) return;
      for (const [streamId, stream] of this.#streams) {
        const isHeldBack = stream.up.isReadPaused && (this.#batches.get(streamId) ?? 0) === 0;
        expect(!isHeldBack, () => "a stream of which nothing waits is held back");
      }
    });
  }

  #send(streamId: number, { message }: Extract<PrimaryAction, { type: "send" }>): void {
    const { random, isUnkind, plan } = this.surroundings;
    this.#noteStopped();
    this.#watch?.sent(streamId, message);
    if (message.type === "pulse") this.#rounds.sent(message.convergence, this.nowMs);
    if (message.type === "welcome") this.#welcomed.add(streamId);
    else expect(!this.#blocked.has(streamId), () => `a ${message.type} for a blocked stream`);
    const taken = this.#streams.get(streamId)?.down.send(message) ?? true;
    if (!taken) {
      this.drive({ type: "blocked", streamId });
    } else if (isUnkind && plan.faults.has("transport_blocked") && random.chance(0.03)) {
      this.surroundings.fired("transport_blocked");
      this.drive({ type: "blocked", streamId });
      this.later(random.next() * 300, () => this.drive({ type: "writable", streamId }));
    }
  }

  #noteStopped(): void {
    if (this.stoppedMs > 0) this.#watch?.resumed(this.stoppedMs);
    this.stoppedMs = 0;
  }

  #transact(commands: readonly LedgerCommand[], then: (outcome: Commit) => void): void {
    const { surroundings, disk } = this;
    const { codec } = surroundings.plan;
    const nowUnixMs = surroundings.wallClock.read();
    const store = this.#store;
    assert(store !== undefined, "a ledger is open");
    const call = (): Commit => {
      let group: CommitResult | undefined;
      const before = disk.meta;
      const outcome = store.transactNow(needsOf(commands), (ledger) => {
        return (group = applyCommands(ledger, commands, codec, nowUnixMs));
      });
      // In doubt, it may be on the disk although nobody is told.
      const isThere = group !== undefined && group.meta === disk.meta && disk.meta !== before;
      if (group?.meta === before) surroundings.oracle.unchanged(group);
      if (isThere && group !== undefined) {
        surroundings.oracle.committed(commands, group, { disk, before });
      }
      if (outcome.type === "in_doubt") this.syncFailed(isThere ? "kept" : "lost");
      return outcome;
    };
    this.onWrite<Commit>(disk, { type: "store_busy" }, call, (outcome) => {
      // The opening that asked may be over.
      if (store === this.#store) then(outcome);
    });
  }
}
