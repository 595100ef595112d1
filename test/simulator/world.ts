/**
 * A primary and its LikesServers in a faulty world. The seed determines the whole run. First comes
 * the faulty phase, by the plan; then no more faults happen, and the world must converge within a
 * bound.
 */
import type { CountsAnswer, CountsFetch } from "../../src/core/likes_server/count_cache.ts";
import { COUNTS_FETCH_MAX_MS } from "../../src/limits.ts";
import type { GenerationId } from "../../src/core/protocol/ids.ts";
import { LedgerDisk } from "../../src/store/ledger/memory_ledger.ts";
import { OutboxDisk } from "../../src/store/outbox/memory_outbox.ts";
import { Scheduler } from "./scheduler.ts";
import { Amnesias } from "./amnesias.ts";
import type { AmnesiaEnvironment } from "./amnesias.ts";
import { injectFaults } from "./chaos.ts";
import type { ChaosEnvironment } from "./chaos.ts";
import { cheapCodec } from "./cheap_codec.ts";
import { noFaults } from "./faults.ts";
import type { FaultKind } from "./faults.ts";
import { describe } from "./describe.ts";
import { addLikes } from "./client.ts";
import { leave } from "./leaving.ts";
import type { LeavingEnvironment } from "./leaving.ts";
import type { LikesServerProcess, LikesServerEnvironment } from "./likes_server.ts";
import { Machine } from "./machine.ts";
import { SimulatedStream } from "./network.ts";
import { Operator } from "./operator.ts";
import type { OperatorEnvironment } from "./operator.ts";
import { SimulationFailure } from "./oracle/failure.ts";
import { Oracle } from "./oracle/oracle.ts";
import { PAST_ITEM } from "./oracle/truth.ts";
import { UNBOUNDED, drawPlan } from "./plan.ts";
import { Persons } from "./persons.ts";
import type { Plan } from "./plan.ts";
import { PrimaryProcess } from "./primary.ts";
import type { PrimaryEnvironment } from "./primary.ts";
import { Random } from "./random.ts";
import { LikesServerHost } from "./host.ts";
import type { Activity } from "./tally.ts";
import { Trace } from "./trace.ts";
import { WallClock } from "./wall_clock.ts";

/** Silence, retirement and half-open streams take seconds each; so does the backlog afterwards. */
const CONVERGE_MS = 25_000;
const LOOK_MS = 100;
/** The share of converged worlds that stay idle for a while, and for how long. */
const LINGER_SHARE = 0.1;
const LINGER_MS = 4_000;
/** How long clients still add likes while a process is paused for long. */
const ADDING_ON_MAX_MS = 15_000;

type Environment = LikesServerEnvironment &
  PrimaryEnvironment &
  ChaosEnvironment &
  OperatorEnvironment &
  AmnesiaEnvironment &
  LeavingEnvironment;

/** A world, from beginning to end. */
export class World implements Environment {
  readonly scheduler = new Scheduler();
  readonly random: Random;
  readonly plan: Plan;
  readonly trace: Trace | undefined;
  readonly oracle: Oracle;
  readonly persons: Persons;
  readonly wallClock: WallClock;
  readonly primaryMachine: Machine;
  readonly hosts: LikesServerHost[] = [];
  readonly streams: SimulatedStream[] = [];
  readonly amnesias: Amnesias;
  readonly operator: Operator;
  readonly faultsFired = noFaults();
  ledger: LedgerDisk;
  #primary: PrimaryProcess | undefined;
  /** Older openings of the ledger that have not noticed the takeover. */
  readonly #superseded = new Set<PrimaryProcess>();
  #isFaulty = true;
  #isConverged = false;
  isAdding = true;
  /** The primary that must converge, and its first pulse time after the faults ended. */
  #healed: { readonly generation: GenerationId; readonly pulseMs: number } | undefined;

  constructor(seed: number, servers: number, print?: (line: string) => void) {
    this.random = new Random(seed);
    this.plan = drawPlan(this.random, servers);
    this.trace = print === undefined ? undefined : new Trace(this.scheduler, print);
    const { codec, ...printed } = this.plan;
    this.trace?.event("plan", {
      ...printed,
      faults: [...printed.faults],
      isCheap: codec === cheapCodec,
    });
    this.wallClock = new WallClock(this.scheduler, (jump) => this.fired(jump));
    this.persons = new Persons(this.random);
    this.ledger = new LedgerDisk(this.random.id());
    this.ledger.meta = { ...this.ledger.meta, totalLikes: this.plan.pastLikes };
    if (this.plan.pastLikes > 0n) this.ledger.items.set(PAST_ITEM, this.plan.pastLikes);
    this.oracle = new Oracle(this.plan.codec, this.ledger, {
      nowMs: () => this.scheduler.nowMs,
      outboxes: () => this.hosts.map(({ disk }) => disk),
      remembersAll: this.plan.retain.incarnationsMax === UNBOUNDED,
    });
    this.primaryMachine = new Machine("primary", this.plan.diskMs);
    this.amnesias = new Amnesias(this);
    this.#startPrimary();
    for (let index = 0; index < servers; index++) {
      const serverId = `likes-server-${index}`;
      const disk = new OutboxDisk(this.random.id(), serverId);
      this.addHost(serverId, new Machine(serverId, this.plan.diskMs), disk);
    }
    this.operator = new Operator(this);
  }

  /** What happened, beside faults. */
  get activity(): Activity {
    const { scheduler, oracle, operator } = this;
    const { truth, readers } = oracle;
    return {
      steps: scheduler.steps,
      simulatedMs: scheduler.nowMs,
      attempted: truth.adds.length,
      accepted: truth.accepted.length,
      refused: truth.refused,
      counted: oracle.home.counted,
      commits: oracle.commits,
      converged: oracle.converged,
      fetched: readers.counted,
      decided: operator.decided,
    };
  }

  /** Runs the world to its end. Throws at the first violation. */
  run(): void {
    const { scheduler, plan, oracle } = this;
    addLikes(this);
    injectFaults(this);
    scheduler.after(LOOK_MS, () => this.#look());
    try {
      scheduler.runUntil(plan.faultyMs);
      this.#stopFaults();
      scheduler.runUntil(this.#pausedUntilMs + CONVERGE_MS, () => this.#isConverged);
      if (!this.#isConverged) throw new SimulationFailure(`not converged: ${describe(this)}`);
      oracle.finish(false);
      if (this.random.chance(LINGER_SHARE)) this.#linger();
      const isOver = leave(this, CONVERGE_MS);
      if (!isOver) throw new SimulationFailure(`not every LikesServer has left: ${describe(this)}`);
      oracle.finish(true);
    } catch (error) {
      this.trace?.fault("oracle", error instanceof Error ? error.message : String(error));
      throw error;
    }
  }

  /** Stays idle for a while: the state must not change, except that old records expire. */
  #linger(): void {
    const { scheduler } = this;
    // A dead stream goes unnoticed at first; then its member counts as silent until it is back.
    const isHalfOpen = this.streams.some((stream) => stream.isHalfOpen && !stream.isEnded);
    scheduler.runUntil(scheduler.nowMs + LINGER_MS);
    if (isHalfOpen) scheduler.runUntil(scheduler.nowMs + CONVERGE_MS, () => this.#isConverged);
    if (!this.#isConverged) throw new SimulationFailure(`no longer converged: ${describe(this)}`);
    for (const host of this.hosts) host.process?.watch.checkAged(scheduler.nowMs);
  }

  /** While a process is paused for long, the others accept likes, which wait for it. */
  #addUntilAllResume(): void {
    const { scheduler } = this;
    const endMs = Math.min(this.#pausedUntilMs, scheduler.nowMs + ADDING_ON_MAX_MS);
    scheduler.at(endMs, () => (this.isAdding = false));
  }

  get primary(): PrimaryProcess | undefined {
    return this.#primary?.isAlive === true ? this.#primary : undefined;
  }

  get isFaulty(): boolean {
    return this.#isFaulty;
  }

  fired(kind: FaultKind): void {
    this.faultsFired[kind]++;
  }

  primaryDied(): void {
    this.scheduler.after(this.#restartMs(), () => {
      if (this.primary === undefined) this.#startPrimary();
    });
  }

  addHost(serverId: string, machine: Machine, disk: OutboxDisk): void {
    const place = { serverId, machine, disk };
    this.hosts.push(new LikesServerHost(this, place, () => this.#restartMs()));
  }

  removeHost(host: LikesServerHost): void {
    host.remove("its operator took it out of service");
    this.hosts.splice(this.hosts.indexOf(host), 1);
    const other = this.hosts.find(({ outboxId }) => outboxId === host.outboxId);
    if (other === undefined) return;
    const disks = this.hosts.map(({ disk }) => disk);
    this.oracle.amnesia.outboxForgot(host.disk, other.disk, disks);
  }

  /** Opens a stream from `likesServer` to the current primary. */
  connect(likesServer: LikesServerProcess, streamId: number): SimulatedStream {
    const primary = this.#primary as PrimaryProcess;
    const { machine } = likesServer;
    let primaryId: number | undefined;
    const stream: SimulatedStream = new SimulatedStream(this, machine, {
      likesServer,
      primary,
      toPrimary: (message, injected) => {
        primaryId ??= primary.open(stream);
        primary.receive(primaryId, message, injected);
      },
      toLikesServer: (message, injected) => likesServer.receive(streamId, message, injected),
      writableUp: () => likesServer.drive({ type: "writable", streamId }),
      writableDown: () => {
        if (primaryId !== undefined) primary.drive({ type: "writable", streamId: primaryId });
      },
      endAtPrimary: () => {
        if (primaryId !== undefined) primary.closed(primaryId);
      },
      endAtLikesServer: (reason) => likesServer.broken(streamId, reason),
    });
    if (machine.isRefused || primary.core === undefined) {
      if (machine.isRefused) this.fired("connection_refused");
      machine.isRefused = false;
      stream.endByPrimary("connection refused");
    }
    this.streams.push(stream);
    return stream;
  }

  fetchCounts(fetch: CountsFetch, fetched: (answer: CountsAnswer | undefined) => void): void {
    const { scheduler, random } = this;
    let isOver = false;
    const end = (answer: CountsAnswer | undefined): void => {
      if (!isOver) fetched(answer);
      isOver = true;
    };
    scheduler.after(COUNTS_FETCH_MAX_MS, () => end(undefined));
    scheduler.after(random.next() * 8, () => {
      const { primary } = this;
      if (primary?.core === undefined || primary.isPaused || random.chance(0.05)) {
        return end(undefined);
      }
      primary.count(fetch, (answer) => {
        const lateMs = random.chance(0.2) ? random.next() * COUNTS_FETCH_MAX_MS : random.next() * 8;
        scheduler.after(lateMs, () => end(answer));
      });
    });
  }

  /** The time from which no process is paused. */
  get #pausedUntilMs(): number {
    const processes = [this.primary, ...this.hosts.map(({ process }) => process)];
    return Math.max(this.scheduler.nowMs, ...processes.map((one) => one?.pausedUntilMs ?? 0));
  }

  startSecondPrimary(): void {
    if (this.primary?.core === undefined) return;
    this.trace?.fault("primary", "a second one starts on its ledger");
    this.#startPrimary();
  }

  tookOver(primary: PrimaryProcess): void {
    const other = this.primary;
    if (other !== undefined && other !== primary) this.#superseded.add(other);
    this.#superseded.delete(primary);
    this.#primary = primary;
  }

  #startPrimary(): void {
    new PrimaryProcess(this, this.primaryMachine, this.ledger);
  }

  #restartMs(): number {
    const { random } = this;
    return this.#isFaulty && random.chance(0.15) ? random.whole(300, 4_000) : random.whole(1, 200);
  }

  #stopFaults(): void {
    this.trace?.fault("world", "faults end");
    this.#isFaulty = false;
    this.#addUntilAllResume();
    this.amnesias.putBack();
    for (const primary of this.#superseded) primary.die("its operator stopped it");
    for (const machine of [this.primaryMachine, ...this.hosts.map((host) => host.machine)]) {
      machine.heal(this.plan.diskMs);
    }
    for (const process of [this.primary, ...this.hosts.map((host) => host.process)]) {
      process?.dieAfterEffects(Infinity);
    }
    for (const stream of this.streams) if (stream.isTampered && !stream.isEnded) stream.break();
  }

  /** Looks at the status; after the faults ended, to see whether the world has converged. */
  #look(): void {
    const { primary } = this;
    if (primary?.core !== undefined && !primary.isPaused) {
      if (this.#isFaulty) primary.readStatus();
      else this.#isConverged = this.#lookForEnd(primary);
    }
    this.scheduler.after(LOOK_MS, () => this.#look());
  }

  /**
   * Returns true when every LikesServer shows the total and accepts likes, and no trouble is open.
   */
  #lookForEnd(primary: PrimaryProcess): boolean {
    const status = primary.core?.status(primary.nowMs);
    if (status === undefined) return false;
    this.oracle.status(status);
    const { generation, nowMs } = status;
    if (this.#healed?.generation !== generation) this.#healed = { generation, pulseMs: nowMs };
    if (this.isAdding || !status.everywhere || status.asOfMs < this.#healed.pulseMs) return false;
    const outboxes = new Set(this.hosts.map(({ outboxId }) => outboxId));
    if (outboxes.size !== this.hosts.length || status.troubleCount > 0) return false;
    if (status.servers.length !== this.hosts.length) return false;
    return this.hosts.every((host) => host.hasConverged(this.ledger));
  }
}
