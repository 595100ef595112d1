/**
 * A primary and its LikesServers in a world that goes wrong. All of a run comes from its seed:
 * first it is unkind, by the plan that was drawn, then it is kind, and has to converge within a
 * bound.
 */
import type { CountsAnswer, CountsFetch } from "../../src/core/likes_server/count_cache.ts";
import { COUNTS_FETCH_MAX_MS } from "../../src/limits.ts";
import { LedgerDisk } from "../../src/store/ledger/memory_ledger.ts";
import { OutboxDisk } from "../../src/store/outbox/memory_outbox.ts";
import { Agenda } from "./agenda.ts";
import { Amnesias } from "./amnesias.ts";
import type { Forgetful } from "./amnesias.ts";
import { beUnkind } from "./chaos.ts";
import type { Befallen } from "./chaos.ts";
import { cheapCodec } from "./cheap_codec.ts";
import { noFaults } from "./faults.ts";
import type { FaultKind } from "./faults.ts";
import { describe } from "./describe.ts";
import { add } from "./client.ts";
import { leave } from "./leaving.ts";
import type { Ending } from "./leaving.ts";
import type { LikesServerProcess, LikesServerSurroundings } from "./likes_server.ts";
import { Machine } from "./machine.ts";
import { SimulatedStream } from "./network.ts";
import { Operator } from "./operator.ts";
import type { OperatorSurroundings } from "./operator.ts";
import { SimulationFailure } from "./oracle/failure.ts";
import { Oracle } from "./oracle/oracle.ts";
import { PAST_ITEM } from "./oracle/truth.ts";
import { PLENTY, drawPlan } from "./plan.ts";
import type { Plan } from "./plan.ts";
import { PrimaryProcess } from "./primary.ts";
import type { PrimarySurroundings } from "./primary.ts";
import { Random } from "./random.ts";
import { LikesServerSeat } from "./seat.ts";
import type { Happened } from "./tally.ts";
import { Trace } from "./trace.ts";
import { WallClock } from "./wall_clock.ts";

/** Silence, retiring and a stream that is cut upwards alone take their seconds; then a backlog does. */
const CONVERGE_MS = 25_000;
const LOOK_MS = 100;
/** Of the worlds that have converged, those in which nothing happens then, and for how long. */
const LINGER_SHARE = 0.1;
const LINGER_MS = 4_000;
/** So long likes are given on at most while somebody is stopped for long. */
const GIVING_ON_MS = 15_000;

type Surroundings = LikesServerSurroundings &
  PrimarySurroundings &
  Befallen &
  OperatorSurroundings &
  Forgetful &
  Ending;

/** A world, from its beginning to its end. */
export class World implements Surroundings {
  readonly agenda = new Agenda();
  readonly random: Random;
  readonly plan: Plan;
  readonly trace: Trace | undefined;
  readonly oracle: Oracle;
  readonly wallClock: WallClock;
  readonly primaryMachine: Machine;
  readonly seats: LikesServerSeat[] = [];
  readonly streams: SimulatedStream[] = [];
  readonly amnesias: Amnesias;
  readonly operator: Operator;
  readonly faultsFired = noFaults();
  ledger: LedgerDisk;
  #primary: PrimaryProcess | undefined;
  readonly #superseded: PrimaryProcess[] = [];
  #isUnkind = true;
  #isConverged = false;
  isGiving = true;
  /** A label of the primary that converges, from when all was kind. */
  #kind: { readonly primary: PrimaryProcess; readonly pulseMs: number } | undefined;

  constructor(seed: number, servers: number, print?: (line: string) => void) {
    this.random = new Random(seed);
    this.plan = drawPlan(this.random, servers);
    this.trace = print === undefined ? undefined : new Trace(this.agenda, print);
    const { codec, ...told } = this.plan;
    this.trace?.event("plan", { ...told, faults: [...told.faults], isCheap: codec === cheapCodec });
    this.wallClock = new WallClock(this.agenda, (jump) => this.fired(jump));
    this.ledger = new LedgerDisk(this.random.id());
    this.ledger.meta = { ...this.ledger.meta, totalLikes: this.plan.pastLikes };
    if (this.plan.pastLikes > 0n) this.ledger.items.set(PAST_ITEM, this.plan.pastLikes);
    this.oracle = new Oracle(this.plan.codec, this.ledger, {
      nowMs: () => this.agenda.nowMs,
      outboxes: () => this.seats.map(({ disk }) => disk),
      remembersAll: this.plan.retain.incarnationsMax === PLENTY,
    });
    this.primaryMachine = new Machine("primary", this.plan.diskMs);
    this.amnesias = new Amnesias(this);
    this.#startPrimary();
    for (let index = 0; index < servers; index++) {
      const serverId = `likes-server-${index}`;
      const disk = new OutboxDisk(this.random.id(), serverId);
      this.addSeat(serverId, new Machine(serverId, this.plan.diskMs), disk);
    }
    this.operator = new Operator(this);
  }

  /** How much happened, beside faults. */
  get happened(): Happened {
    const { agenda, oracle, operator } = this;
    const { truth, readers } = oracle;
    return {
      steps: agenda.steps,
      simulatedMs: agenda.nowMs,
      attempted: truth.gifts.length,
      accepted: truth.accepted.length,
      refused: truth.refused,
      counted: oracle.home.counted,
      commits: oracle.commits,
      converged: oracle.converged,
      fetched: readers.counted,
      decided: operator.decided,
    };
  }

  /** Runs it to its end. Throws at the first thing that must not be. */
  run(): void {
    const { agenda, plan, oracle } = this;
    add(this);
    beUnkind(this);
    agenda.after(LOOK_MS, () => this.#look());
    try {
      agenda.runUntil(plan.unkindMs);
      this.#beKind();
      agenda.runUntil(this.#pausedUntilMs + CONVERGE_MS, () => this.#isConverged);
      if (!this.#isConverged) throw new SimulationFailure(`not converged: ${describe(this)}`);
      oracle.finish(false);
      if (this.random.chance(LINGER_SHARE)) this.#linger();
      const isOver = leave(this, CONVERGE_MS);
      if (!isOver) throw new SimulationFailure(`not everybody has left: ${describe(this)}`);
      oracle.finish(true);
    } catch (error) {
      this.trace?.fault("oracle", error instanceof Error ? error.message : String(error));
      throw error;
    }
  }

  /** Nothing happens for a while: all stays as it is, and what has come of age goes. */
  #linger(): void {
    const { agenda } = this;
    // A member of which nothing comes any more is heard of for a while, and then waited for.
    const isHalfOpen = this.streams.some((stream) => stream.isHalfOpen && !stream.isEnded);
    agenda.runUntil(agenda.nowMs + LINGER_MS);
    if (isHalfOpen) agenda.runUntil(agenda.nowMs + CONVERGE_MS, () => this.#isConverged);
    if (!this.#isConverged) throw new SimulationFailure(`no more converged: ${describe(this)}`);
    for (const seat of this.seats) seat.process?.watch.checkAged(agenda.nowMs);
  }

  /** While somebody is stopped for long the others take likes, which wait for it. */
  #giveUntilAllGoOn(): void {
    const { agenda } = this;
    const endMs = Math.min(this.#pausedUntilMs, agenda.nowMs + GIVING_ON_MS);
    agenda.at(endMs, () => (this.isGiving = false));
  }

  get primary(): PrimaryProcess | undefined {
    return this.#primary?.isAlive === true ? this.#primary : undefined;
  }

  get isUnkind(): boolean {
    return this.#isUnkind;
  }

  fired(kind: FaultKind): void {
    this.faultsFired[kind]++;
  }

  primaryDied(): void {
    this.agenda.after(this.#restartMs(), () => {
      if (this.primary === undefined) this.#startPrimary();
    });
  }

  addSeat(serverId: string, machine: Machine, disk: OutboxDisk): void {
    const place = { serverId, machine, disk };
    this.seats.push(new LikesServerSeat(this, place, () => this.#restartMs()));
  }

  removeSeat(seat: LikesServerSeat): void {
    seat.remove("its operator takes it out of service");
    this.seats.splice(this.seats.indexOf(seat), 1);
    const other = this.seats.find(({ outboxId }) => outboxId === seat.outboxId);
    if (other === undefined) return;
    const disks = this.seats.map(({ disk }) => disk);
    this.oracle.amnesia.outboxForgot(seat.disk, other.disk, disks);
  }

  /** A stream from `likesServer` to the primary of now, if there is one. */
  connect(likesServer: LikesServerProcess, streamId: number): SimulatedStream {
    const primary = this.#primary as PrimaryProcess;
    const { machine } = likesServer;
    let primaryId: number | undefined;
    const stream: SimulatedStream = new SimulatedStream(this, machine, {
      likesServer,
      primary,
      toPrimary: (message, forged) => {
        primaryId ??= primary.open(stream);
        primary.receive(primaryId, message, forged);
      },
      toLikesServer: (message, forged) => likesServer.receive(streamId, message, forged),
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
    const { agenda, random } = this;
    agenda.after(random.next() * 8, () => {
      const { primary } = this;
      const isLost = primary?.core === undefined || primary.isPaused || random.chance(0.05);
      const answer = isLost ? undefined : primary?.counts(fetch);
      const lateMs = random.chance(0.2) ? random.next() * COUNTS_FETCH_MAX_MS : random.next() * 8;
      agenda.after(lateMs, () => fetched(answer));
    });
  }

  /** From when on nobody is stopped any more by a signal. */
  get #pausedUntilMs(): number {
    const processes = [this.primary, ...this.seats.map(({ process }) => process)];
    return Math.max(this.agenda.nowMs, ...processes.map((one) => one?.pausedUntilMs ?? 0));
  }

  startSecondPrimary(): void {
    const { primary } = this;
    if (primary?.core === undefined) return;
    this.#superseded.push(primary);
    this.trace?.fault("primary", "another one is started on its ledger");
    this.#startPrimary();
  }

  #startPrimary(): void {
    this.#primary = new PrimaryProcess(this, this.primaryMachine, this.ledger);
  }

  #restartMs(): number {
    const { random } = this;
    return this.#isUnkind && random.chance(0.15) ? random.whole(300, 4_000) : random.whole(1, 200);
  }

  #beKind(): void {
    this.trace?.fault("world", "is kind from now on");
    this.#isUnkind = false;
    this.#giveUntilAllGoOn();
    this.amnesias.putBack();
    for (const primary of this.#superseded) primary.die("its operator ends it");
    for (const machine of [this.primaryMachine, ...this.seats.map((seat) => seat.machine)]) {
      machine.heal(this.plan.diskMs);
    }
    for (const process of [this.primary, ...this.seats.map((seat) => seat.process)]) {
      process?.dieAfterEffects(Infinity);
    }
    for (const stream of this.streams) if (stream.isTampered && !stream.isEnded) stream.break();
  }

  /** Somebody looks at the status; once all is kind, to see whether all is well. */
  #look(): void {
    const { primary } = this;
    if (primary?.core !== undefined && !primary.isPaused) {
      if (this.#isUnkind) primary.readStatus();
      else this.#isConverged = this.#lookForEnd(primary);
    }
    this.agenda.after(LOOK_MS, () => this.#look());
  }

  /** Whether everybody shows everything, takes likes again, and nothing is in trouble. */
  #lookForEnd(primary: PrimaryProcess): boolean {
    const status = primary.core?.status(primary.nowMs);
    if (status === undefined) return false;
    this.oracle.status(status);
    if (this.#kind?.primary !== primary) this.#kind = { primary, pulseMs: status.nowMs };
    if (this.isGiving || !status.everywhere || status.asOfMs < this.#kind.pulseMs) return false;
    const outboxes = new Set(this.seats.map(({ outboxId }) => outboxId));
    if (outboxes.size !== this.seats.length || status.troubleCount > 0) return false;
    if (status.servers.length !== this.seats.length) return false;
    return this.seats.every((seat) => seat.isWell(this.ledger));
  }
}
