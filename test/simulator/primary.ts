/** The shell of the primary in a simulated world, in place of src/roles/primary.ts. */
import type { CommitResult, LedgerCommand } from "../../src/core/ledger/apply_commands.ts";
import { assert } from "../../src/assert.ts";
import { workOf } from "../../src/core/ledger/apply_commands.ts";
import type { CommitOutcome, LedgerSnapshot, OpeningEnd } from "../../src/core/ledger/ledger.ts";
import type { CountsAnswer, CountsFetch } from "../../src/core/likes_server/count_cache.ts";
import type { CountsOutcome } from "../../src/core/primary/counts_reader.ts";
import { PrimaryCore } from "../../src/core/primary/primary.ts";
import { Reopenings } from "../../src/core/primary/reopenings.ts";
import type {
  OperatorRequest,
  OperatorResult,
  PrimaryAction,
  PrimaryEvent,
} from "../../src/core/primary/primary.ts";
import type { OutboxId } from "../../src/core/protocol/ids.ts";
import type { FromLikesServer } from "../../src/core/protocol/messages.ts";
import { STREAM_BATCHES_QUEUED_MAX } from "../../src/limits.ts";
import { inTurn } from "../../src/roles/in_turn.ts";
import { Callers } from "../../src/roles/role.ts";
import { MemoryLedger } from "../../src/store/ledger/memory_ledger.ts";
import type { LedgerDisk } from "../../src/store/ledger/memory_ledger.ts";
import type { Machine } from "./machine.ts";
import type { InjectedMessage, SimulatedStream } from "./network.ts";
import { CommitCheck } from "./oracle/commit_check.ts";
import { expect } from "./oracle/failure.ts";
import type { Oracle } from "./oracle/oracle.ts";
import type { PrimaryWatch } from "./oracle/primary_watch.ts";
import { RoundCheck } from "./oracle/round_check.ts";
import type { RoundState } from "./oracle/round_check.ts";
import { SimulatedProcess } from "./process.ts";
import type { Environment } from "./process.ts";

/** The parts of the world that the primary uses. */
export interface PrimaryEnvironment extends Environment {
  readonly oracle: Oracle;
  readonly wallClock: { read(): number };
  /** The ledger that is currently in place. */
  readonly ledger: LedgerDisk;
  primaryDied(): void;
  /** `primary` has taken over the ledger and serves from now on. */
  tookOver(primary: PrimaryProcess): void;
}

type Resolve = Extract<OperatorRequest, { readonly type: "resolve" }>;
type Retire = Extract<OperatorRequest, { readonly type: "retire" }>;

/** What an operator asks for. It names a member by its outbox. */
export type Decision = Resolve | (Retire & { readonly server: OutboxId });

type Commit = CommitOutcome<CommitResult>;
type ReadCounts = Extract<PrimaryAction, { readonly type: "read_counts" }>;

/** One process of the primary. */
export class PrimaryProcess extends SimulatedProcess {
  override readonly environment: PrimaryEnvironment;
  readonly disk: LedgerDisk;
  #store: MemoryLedger | undefined;
  readonly #streams = new Map<number, SimulatedStream>();
  readonly #operators = new Callers<OperatorResult>();
  readonly #readers = new Callers<CountsOutcome>();
  readonly #reopenings = new Reopenings();
  #openedMs = 0;
  readonly #welcomed = new Set<number>();
  readonly #blocked = new Set<number>();
  /** Batches of each stream that were received and are in no commit yet. */
  readonly #batches = new Map<number, number>();
  #core: PrimaryCore | undefined;
  #streamId = 0;
  #commits = new CommitCheck();
  #rounds = new RoundCheck();
  /** Undefined while the ledger is being opened. */
  #watch: PrimaryWatch | undefined;

  constructor(environment: PrimaryEnvironment, machine: Machine, disk: LedgerDisk) {
    super(environment, machine, "primary");
    this.environment = environment;
    this.disk = disk;
    this.#open();
    this.tick(() => {
      if (this.#core === undefined) return;
      this.#rounds.tick(
        () => this.#tick(),
        () => this.#roundState(),
      );
    });
  }

  get core(): PrimaryCore | undefined {
    return this.isAlive ? this.#core : undefined;
  }

  /** Accepts a stream. Returns its id, with which later calls name it. */
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

  /** A message arrives on a stream that the primary has not ended. */
  receive(
    streamId: number,
    message: FromLikesServer,
    injected?: InjectedMessage<FromLikesServer>,
  ): void {
    if (!this.#streams.has(streamId)) return;
    this.#noteStopped();
    if (injected === undefined) this.#watch?.received(streamId, message);
    else this.#onInjected(streamId, injected);
    if (message.type === "batch") {
      const batches = (this.#batches.get(streamId) ?? 0) + 1;
      this.#batches.set(streamId, batches);
      expect(
        batches <= STREAM_BATCHES_QUEUED_MAX + 1,
        () => `${batches} batches of a stream are queued`,
      );
    }
    this.drive({ type: "received", streamId, message });
  }

  #onInjected(
    streamId: number,
    { message, endsStream, isFalse }: InjectedMessage<FromLikesServer>,
  ): void {
    if (isFalse === true) this.environment.oracle.markFalse(message);
    const isDue = endsStream === "always" || !this.#welcomed.has(streamId);
    if (endsStream === "never" || !isDue || this.core === undefined) return;
    this.environment.scheduler.after(0, () => {
      const isOpen = this.isAlive && this.#streams.has(streamId);
      expect(!isOpen, () => `accepts a ${message.type} out of turn`);
    });
  }

  /** The connection of a stream ended. */
  closed(streamId: number): void {
    if (this.#streams.delete(streamId)) this.#ended(streamId);
    this.drive({ type: "closed", streamId });
  }

  /** An operator decides. */
  decide(decision: Decision, then: (outcome: OperatorResult) => void): void {
    let isAnswered = false;
    const requestId = this.#operators.add((outcome) => {
      isAnswered = true;
      then(outcome);
    });
    const { oracle } = this.environment;
    oracle.decides(requestId, this.#watch?.streaming() ?? new Map());
    this.drive({ type: "decide", requestId, request: decision });
    if (this.core !== undefined && !isAnswered && decision.type === "retire")
      this.#watch?.retires(decision.server);
  }

  readonly drive = inTurn((event: PrimaryEvent): void => {
    const core = this.#core;
    if (!this.isAlive || core === undefined) return;
    if (event.type === "blocked" && this.#streams.has(event.streamId)) {
      this.#blocked.add(event.streamId);
    }
    if (event.type === "writable") this.#blocked.delete(event.streamId);
    const { trace } = this.environment;
    if (trace !== undefined && event.type !== "tick") trace.event(this.name, event);
    for (const action of core.handle(event, this.nowMs)) {
      if (!this.livesToAct()) return;
      if (trace !== undefined && action.type !== "notice") trace.effect(this.name, action);
      this.#perform(action);
    }
  });

  /** Reads the status and checks it. */
  readStatus(): void {
    if (this.core !== undefined) this.environment.oracle.status(this.core.status(this.nowMs));
  }

  /** Reads counts. `done` is not called if the process dies. */
  count(fetch: CountsFetch, done: (answer: CountsAnswer | undefined) => void): void {
    const requestId = this.#readers.add((outcome) => {
      done(outcome.type === "counted" ? outcome.counts : undefined);
    });
    const { limit: pageSize, ...asked } = fetch;
    const request = { ...asked, pageSize, pageToken: "", order: undefined };
    this.drive({ type: "count", requestId, request });
  }

  #readCounts({ requestId, selection, beside }: ReadCounts): void {
    const store = this.#store;
    this.onRead(
      () => store?.countsNow(selection, beside),
      (outcome) => {
        if (outcome === undefined || store !== this.#store) return;
        if (outcome.type !== "done") return this.#endOpening(outcome);
        this.drive({ type: "counts_read", requestId, read: outcome.value });
      },
    );
  }

  protected override died(): void {
    for (const stream of this.#streams.values()) stream.endByPrimary("the primary died");
    this.environment.primaryDied();
  }

  /** Takes the ledger over from any other process. */
  #open(): void {
    const { random, plan, isFaulty, ledger } = this.environment;
    if (this.disk !== ledger) return this.die("its ledger was replaced");
    const generation = random.id();
    // Only part of the needed rows is loaded in advance, so that the rules miss the rest and rerun.
    const store = new MemoryLedger(this.disk, generation, () => random.chance(0.1));
    this.#store = store;
    this.environment.tookOver(this);
    this.onRead(
      () => store.loadNow(),
      (snapshot) => {
        const dies = isFaulty && plan.faults.has("crash_in_recovery") && random.chance(0.2);
        if (dies) this.environment.fired("crash_in_recovery");
        if (dies) this.die("in recovery");
        else this.#begin(snapshot);
      },
    );
  }

  /** The opening ended, and all it served ends with it. The process reopens the ledger or dies. */
  #endOpening({ type, reason }: OpeningEnd): void {
    const { environment } = this;
    const { random, trace, isFaulty } = environment;
    trace?.fault(this.name, `its opening ended: ${reason}`);
    for (const stream of this.#streams.values()) stream.endByPrimary(reason);
    this.#core = undefined;
    this.#store = undefined;
    this.#watch = undefined;
    this.#commits = new CommitCheck();
    this.#rounds = new RoundCheck();
    const known = [this.#streams, this.#batches, this.#blocked, this.#welcomed];
    for (const each of known) each.clear();
    const refusal = { code: "outcome_unknown", message: reason } as const;
    this.#operators.answerAll({ type: "refused", refusal });
    this.#readers.answerAll({ type: "refused", refusal });
    if (type === "superseded") {
      environment.fired("superseded_in_commit");
      if (!isFaulty || random.chance(0.5)) return this.die("its ledger was opened again");
      environment.fired("older_primary_returns");
    }
    const pauseMs = this.#reopenings.afterEnd(this.nowMs - this.#openedMs, random.next());
    if (pauseMs === undefined) return this.die("its openings ended soon, again and again");
    this.later(pauseMs, () => this.#open());
  }

  #begin(snapshot: LedgerSnapshot): void {
    const { wallClock, oracle, trace } = this.environment;
    this.#openedMs = this.nowMs;
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

  #roundState(): RoundState | undefined {
    const { core, nowMs } = this;
    if (core === undefined) return undefined;
    const { convergence } = core.shown(nowMs);
    const hasReceiver = [...this.#welcomed].some((streamId) => {
      return !this.#blocked.has(streamId) && this.#watch?.takesPulse(streamId) === true;
    });
    return { nowMs, convergence, hasReceiver };
  }

  #perform(action: PrimaryAction): void {
    const { environment } = this;
    switch (action.type) {
      case "commit":
        environment.oracle.asked(this.#watch, action.commands);
        this.#commits.asked(action.commands, (id) => this.#streams.has(id), this.nowMs);
        this.#taken(action.commands);
        return this.#transact(action.commands, (outcome) => {
          if (outcome.type === "in_doubt" || outcome.type === "superseded") {
            return this.#endOpening(outcome);
          }
          if (outcome.type === "done") this.#watch?.commitSeen(outcome.value);
          else this.#commits.refused(this.nowMs);
          this.#rounds.mayBegin(
            () => this.drive({ type: "committed", outcome, tookMs: 0 }),
            () => this.#roundState(),
          );
          const isOver = outcome.type === "done" || this.#streams.size === 0 || !this.isAlive;
          expect(isOver, () => "a stream outlives its failed commands");
        });
      case "send":
        return this.#send(action.streamId, action);
      case "end":
        if (action.refusal.code === "ledger_other") environment.fired("ledger_exchanged");
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
        return this.#readers.answer(action.requestId, action.outcome);
      case "notice":
        break; // for people
      case "decided":
        return this.#operators.answer(action.requestId, action.outcome);
    }
  }

  #ended(streamId: number): void {
    this.#watch?.closed(streamId);
    for (const known of [this.#batches, this.#blocked, this.#welcomed]) known.delete(streamId);
  }

  /** A commit takes commands. A paused stream without queued batches must soon resume. */
  #taken(commands: readonly LedgerCommand[]): void {
    for (const command of commands) {
      if (command.type !== "batch") continue;
      const { streamId } = command;
      this.#batches.set(streamId, (this.#batches.get(streamId) ?? 0) - 1);
    }
    this.environment.scheduler.after(0, () => {
      if (!this.isAlive) return;
      for (const [streamId, stream] of this.#streams) {
        const isStalled = stream.up.isReadPaused && (this.#batches.get(streamId) ?? 0) === 0;
        expect(!isStalled, () => "a stream stays paused without queued batches");
      }
    });
  }

  #send(streamId: number, { message }: Extract<PrimaryAction, { type: "send" }>): void {
    const { random, isFaulty, plan } = this.environment;
    this.#noteStopped();
    this.#watch?.sent(streamId, message);
    if (message.type === "pulse") this.#rounds.sent(message.convergence, this.nowMs);
    if (message.type === "welcome") this.#welcomed.add(streamId);
    else
      expect(!this.#blocked.has(streamId), () => `a ${message.type} is sent on a blocked stream`);
    const taken = this.#streams.get(streamId)?.down.send(message) ?? true;
    if (!taken) {
      this.drive({ type: "blocked", streamId });
    } else if (isFaulty && plan.faults.has("transport_blocked") && random.chance(0.03)) {
      this.environment.fired("transport_blocked");
      this.drive({ type: "blocked", streamId });
      this.later(random.next() * 300, () => this.drive({ type: "writable", streamId }));
    }
  }

  #noteStopped(): void {
    if (this.stoppedMs > 0) this.#watch?.resumed(this.stoppedMs);
    this.stoppedMs = 0;
  }

  #transact(commands: readonly LedgerCommand[], then: (outcome: Commit) => void): void {
    const { environment, disk } = this;
    const { codec } = environment.plan;
    const nowUnixMs = environment.wallClock.read();
    const store = this.#store;
    assert(store !== undefined, "a ledger is open");
    const call = (): Commit => {
      let group: CommitResult | undefined;
      const before = disk.meta;
      const { needs, apply } = workOf(commands, codec, nowUnixMs);
      const outcome = store.transactNow(needs, (ledger) => (group = apply(ledger)));
      // A commit in doubt may be on the disk although its caller is not told.
      const isThere = group !== undefined && group.meta === disk.meta && disk.meta !== before;
      if (group?.meta === before) environment.oracle.unchanged(group);
      if (isThere && group !== undefined) {
        environment.oracle.committed(commands, group, { disk, before });
      }
      if (outcome.type === "in_doubt") this.syncFailed(isThere ? "kept" : "lost");
      return outcome;
    };
    this.onWrite<Commit>(disk, { type: "store_busy" }, call, (outcome) => {
      // Otherwise the opening that asked for it has ended.
      if (store === this.#store) then(outcome);
    });
  }
}
