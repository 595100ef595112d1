/**
 * A primary and its LikesServers in a world that goes wrong: a modest simulator. All of a run
 * comes from its seed. Faults are drawn at random while it is unkind; then it is kind, and has to
 * converge.
 */
import type { CountsAnswer, CountsQuestion } from "../../src/core/learnt_counts.ts";
import { acceptedOf } from "../../src/core/outbox.ts";
import { LEARN_WAIT_MAX_MS } from "../../src/limits.ts";
import type { DiskFault } from "../../src/store/memory_disk.ts";
import { LedgerDisk } from "../../src/store/memory_ledger.ts";
import { OutboxDisk } from "../../src/store/memory_outbox.ts";
import { SimulatedStream } from "./simulated_network.ts";
import { LikesServerProcess } from "./simulated_likes_server.ts";
import type { SimulatedNetwork } from "./simulated_likes_server.ts";
import { PrimaryProcess } from "./simulated_primary.ts";
import { SimulatedWallClock } from "./simulated_wall_clock.ts";
import { SimulationChecks } from "./simulation_checks.ts";
import { Agenda, Random } from "./virtual_time.ts";

const LIKES_SERVERS = 3;
const UNKIND_MS = 12_000;
/** A stream that is cut upwards alone is noticed after 10 s; then a backlog takes a while. */
const CONVERGE_MS = 30_000;
const FAULTS: readonly DiskFault[] = ["refused", "refused", "in_doubt_lost", "in_doubt_kept"];

/** A world, from its beginning to its end. */
export class World implements SimulatedNetwork {
  readonly agenda = new Agenda();
  readonly random: Random;
  readonly checks: SimulationChecks;
  readonly ledger: LedgerDisk;
  readonly batchBytesMax: number;
  /** Of the primary's machine; a LikesServer has no use for one. */
  readonly wallClock: SimulatedWallClock;
  primary: PrimaryProcess;
  readonly likesServers: LikesServerProcess[] = [];
  readonly #streams = new Set<SimulatedStream>();
  #isUnkind = true;

  constructor(seed: number) {
    this.random = new Random(seed);
    this.wallClock = new SimulatedWallClock(this.agenda);
    this.ledger = new LedgerDisk(this.random.id());
    this.checks = new SimulationChecks(this.agenda, this.ledger);
    this.batchBytesMax = this.random.pick([1, 60, 500, 1e6]);
    this.primary = this.#startPrimary();
    for (let index = 0; index < LIKES_SERVERS; index++) {
      const disk = new OutboxDisk(this.random.id(), `likes-server-${index}`);
      this.likesServers.push(new LikesServerProcess(this, index, disk));
    }
  }

  /** Runs it to its end. Throws at the first thing that must not be. */
  async run(): Promise<void> {
    const { agenda, checks } = this;
    this.#give();
    this.#beUnkind();
    await agenda.run(UNKIND_MS);
    this.#isUnkind = false;
    for (const process of [this.primary, ...this.likesServers]) {
      process.disk.takeFault();
      Object.assign(process, { slowMs: 6, fullUntilMs: 0 });
    }
    await agenda.run(100);
    const fromMs = this.primary.core?.status(this.primary.nowMs).nowMs ?? Infinity;
    await agenda.run(CONVERGE_MS, () => this.#isConverged(fromMs));
    if (!this.#isConverged(fromMs)) checks.fail(this.#describe());
    checks.finish(this.#acceptedLikes);
  }

  get #acceptedLikes(): bigint {
    let likes = 0n;
    for (const { disk } of this.likesServers) {
      const { forgotten, incarnations } = disk.content.state;
      likes += acceptedOf(forgotten, incarnations).likes;
    }
    return likes;
  }

  /** Whether everybody shows everything, and takes likes again. */
  #isConverged(fromMs: number): boolean {
    const status = this.primary.core?.status(this.primary.nowMs);
    if (!status?.everywhere || status.servers.length !== LIKES_SERVERS) return false;
    if (status.asOfMs < Math.min(fromMs, status.nowMs - 2_000)) return false;
    return this.likesServers.every(({ core, nowMs }) => {
      const view = core?.total(nowMs);
      const isExact = view?.pulse.totalLikes === this.#acceptedLikes && view.pendingLikes === 0n;
      return isExact && core?.isAccepting === true && core.pendingEvents === 0;
    });
  }

  #describe(): string {
    const { core, nowMs } = this.primary;
    const text = (_key: string, value: unknown) =>
      typeof value === "bigint" ? String(value) : value;
    const likesServers = this.likesServers.map((one) => ({
      index: one.index,
      total: one.core?.total(one.nowMs),
      accepting: one.core?.isAccepting,
      pending: one.core?.pendingEvents,
    }));
    return `not converged: ${JSON.stringify({ status: core?.status(nowMs), likesServers }, text)}`;
  }

  /** A stream from `likesServer` to the primary of now, if there is one. */
  connect(likesServer: LikesServerProcess, streamId: number): SimulatedStream {
    const { primary } = this;
    let primaryId: number | undefined;
    const stream = new SimulatedStream(this.agenda, this.random, {
      toPrimary: (message) => {
        primaryId ??= primary.open(stream);
        primary.drive({ type: "received", streamId: primaryId, message });
      },
      toLikesServer: (message) => likesServer.drive({ type: "received", streamId, message }),
      endAtPrimary: () => {
        if (primaryId !== undefined) primary.closed(primaryId);
      },
      endAtLikesServer: (reason) => likesServer.drive({ type: "broken", streamId, reason }),
    });
    this.#streams.add(stream);
    if (primary.core === undefined) stream.endByPrimary("nobody listens");
    return stream;
  }

  #startPrimary(): PrimaryProcess {
    return new PrimaryProcess(this, this.ledger, () => {
      this.agenda.after(this.#restartMs(), () => {
        this.primary = this.#startPrimary();
      });
    });
  }

  likesServerDied({ index, disk }: LikesServerProcess): void {
    this.agenda.after(this.#restartMs(), () => {
      this.likesServers[index] = new LikesServerProcess(this, index, disk);
    });
  }

  #restartMs(): number {
    return this.#isUnkind && this.random.chance(0.2)
      ? this.random.whole(0, 5_000)
      : this.random.whole(1, 300);
  }

  #give(): void {
    const { random, agenda, checks } = this;
    const count = random.chance(0.1) ? random.whole(2, 40) : 1;
    for (let left = count; left > 0 && this.#isUnkind; left--) {
      const likesServer = random.pick(this.likesServers);
      if (likesServer.core === undefined) continue;
      const likes = BigInt(random.whole(0, 42));
      const { requestId, itemId } = checks.attempt(likes, likesServer.index);
      const event = { itemId, change: { kind: "add", likes } } as const;
      likesServer.drive({ type: "give", give: { requestId, event, generator: undefined } });
    }
    if (random.chance(0.3)) this.#ask();
    if (this.#isUnkind) agenda.after(random.next() * 50, () => this.#give());
  }

  /** Somebody asks a LikesServer for items that were liked lately, there or elsewhere. */
  #ask(): void {
    const { random, checks } = this;
    const newest = checks.attempts;
    const itemIds = Array.from({ length: random.whole(1, 4) }, () =>
      checks.itemOf(random.whole(Math.max(1, newest - 30), newest)),
    );
    const ask = { requestId: 0, itemIds, limit: 0 };
    random.pick(this.likesServers).drive({ type: "count", ask });
  }

  learn(question: CountsQuestion, learnt: (answer: CountsAnswer | undefined) => void): void {
    const { agenda, random } = this;
    agenda.after(random.next() * 8, () => {
      const { primary } = this;
      const isLost = primary.core === undefined || random.chance(0.05);
      const answer = isLost ? undefined : primary.counts(question);
      const lateMs = random.chance(0.2) ? random.next() * LEARN_WAIT_MAX_MS : random.next() * 8;
      agenda.after(lateMs, () => learnt(answer));
    });
  }

  #beUnkind(): void {
    if (!this.#isUnkind) return;
    const { random } = this;
    const likesServer = random.pick(this.likesServers);
    const process = random.pick([this.primary, likesServer]);
    const deeds: readonly (() => void)[] = [
      () => this.primary.isAlive && this.primary.die(),
      () => likesServer.isAlive && likesServer.die(),
      () => likesServer.isAlive && likesServer.die(),
      () => likesServer.stop(random.chance(0.7)),
      () => random.pick([...this.#streams, undefined])?.break(),
      () => this.#newestStream?.break(),
      () => this.#newestStream?.up.cut(),
      () => this.#newestStream?.down.cut(),
      () => this.#newestStream?.up.stall(random.whole(0, 4_000)),
      () => this.#newestStream?.down.stall(random.whole(0, 4_000)),
      () => (process.slowMs = random.pick([6, 100, 1_500])),
      () => (process.fullUntilMs = this.agenda.nowMs + random.whole(0, 2_000)),
      () => this.ledger.failNext(random.pick(FAULTS)),
      () => likesServer.disk.failNext(random.pick(FAULTS)),
      () => this.wallClock.jump(random),
    ];
    random.pick(deeds)();
    this.agenda.after(random.whole(1, 700), () => this.#beUnkind());
  }

  get #newestStream(): SimulatedStream | undefined {
    return [...this.#streams].at(-1 - this.random.whole(0, LIKES_SERVERS - 1));
  }
}
