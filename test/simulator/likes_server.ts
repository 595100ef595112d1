/** The shell of a LikesServer in a simulated world, in place of src/roles/likes_server.ts. */
import type { CountsAnswer, CountsFetch } from "../../src/core/likes_server/count_cache.ts";
import { LikesServerCore } from "../../src/core/likes_server/likes_server.ts";
import type {
  LikesServerAction,
  LikesServerEvent,
} from "../../src/core/likes_server/likes_server.ts";
import type { FromPrimary, Trouble } from "../../src/core/protocol/messages.ts";
import type { OutboxSnapshot } from "../../src/core/likes_server/outbox.ts";
import { inTurn } from "../../src/roles/in_turn.ts";
import { LEAVE_WAIT_MAX_MS } from "../../src/limits.ts";
import { MemoryOutbox } from "../../src/store/outbox/memory_outbox.ts";
import type { OutboxDisk } from "../../src/store/outbox/memory_outbox.ts";
import { FINGERPRINT } from "../fixtures/secret.ts";
import { misbehave, sendOtherVersion } from "./faulty_peers.ts";
import type { PeerEnvironment } from "./faulty_peers.ts";
import type { Machine } from "./machine.ts";
import { Queries } from "./queries.ts";
import type { InjectedMessage, SimulatedStream } from "./network.ts";
import { expect } from "./oracle/failure.ts";
import type { Oracle } from "./oracle/oracle.ts";
import { AddCheck } from "./oracle/add_check.ts";
import { LikesServerWatch } from "./oracle/likes_server_watch.ts";
import { SimulatedProcess } from "./process.ts";

/** The share of a broken LikesServer's batches that follow a wrong one. */
const BROKEN_RATE = 0.3;
/** The share of its Hellos that carry the version of another release. */
const OTHER_VERSION_RATE = 0.15;

/** Faults by which a pending write may delay the start of a stream. */
const DISK_FAULTS = ["disk_full", "disk_slow", "store_busy"] as const;

/** The parts of the world that a LikesServer uses. */
export interface LikesServerEnvironment extends PeerEnvironment {
  readonly oracle: Oracle;
  /** Opens a stream from `likesServer` to the current primary. */
  connect(likesServer: LikesServerProcess, streamId: number): SimulatedStream;
  /** Asks the current primary for counts. `fetched` gets the answer, or undefined. */
  fetchCounts(fetch: CountsFetch, fetched: (answer: CountsAnswer | undefined) => void): void;
}

/** The place where a LikesServer runs: its machine and its disk. */
export interface Host {
  readonly serverId: string;
  readonly machine: Machine;
  readonly disk: OutboxDisk;
  died(): void;
  /** The process is about to end and is no longer a member. */
  left(): void;
}

/** One process of a LikesServer on its outbox. */
export class LikesServerProcess extends SimulatedProcess {
  override readonly environment: LikesServerEnvironment;
  readonly #host: Host;
  readonly disk: OutboxDisk;
  readonly #store: MemoryOutbox;
  readonly queries = new Queries();
  readonly watch: LikesServerWatch;
  readonly #requests = new AddCheck();
  #core: LikesServerCore | undefined;
  #link: { readonly streamId: number; readonly stream: SimulatedStream } | undefined;
  isStopping = false;
  /** Whether clients send it nothing until the faulty phase is over. */
  readonly isIdle: boolean;
  /** Whether any of its streams delivered messages out of order. */
  #isTampered = false;

  constructor(environment: LikesServerEnvironment, host: Host) {
    super(environment, host.machine, host.serverId);
    this.environment = environment;
    this.#host = host;
    this.disk = host.disk;
    this.#store = new MemoryOutbox(this.disk);
    this.watch = new LikesServerWatch(environment.oracle, this.disk, environment.plan);
    this.isIdle = environment.random.chance(environment.plan.idleShare);
    this.#mint();
  }

  get core(): LikesServerCore | undefined {
    return this.isAlive ? this.#core : undefined;
  }

  readonly drive = inTurn((event: LikesServerEvent): void => {
    const core = this.#core;
    if (!this.isAlive || core === undefined) return;
    const { trace } = this.environment;
    if (trace !== undefined && event.type !== "tick") trace.event(this.name, event);
    this.#requests.onEvent(event, this.awakeMs);
    const actions = core.handle(event, this.nowMs);
    if (event.type === "received" || event.type === "read") this.#show(core);
    for (const action of actions) {
      if (!this.livesToAct()) return;
      trace?.effect(this.name, action);
      this.#perform(action);
    }
    if (event.type === "written") this.#requests.written();
  });

  /** A message arrives, perhaps on a stream that it has abandoned. */
  receive(streamId: number, message: FromPrimary, injected?: InjectedMessage<FromPrimary>): void {
    const { scheduler } = this.environment;
    const isCurrent = this.#link?.streamId === streamId;
    if (injected === undefined && isCurrent) this.watch.received(message, scheduler.nowMs);
    const pending = this.core?.pendingEvents ?? 0;
    const shown = this.core?.total(this.nowMs)?.pulse;
    this.drive({ type: "received", streamId, message });
    if (injected !== undefined) this.#expectNothing(streamId, injected, pending);
    if (isCurrent || this.core === undefined) return;
    const isVoid =
      this.core.pendingEvents >= pending && this.core.total(this.nowMs)?.pulse === shown;
    expect(isVoid, () => `a ${message.type} of an abandoned stream has an effect`);
  }

  /** A stream ended. If it was an abandoned one, the current stream must go on. */
  broken(streamId: number, reason: string): void {
    const link = this.#link;
    this.drive({ type: "broken", streamId, reason });
    const isOther = link !== undefined && link.streamId !== streamId;
    const isKept = !isOther || this.#link === link || !this.isAlive;
    expect(isKept, () => `ends its stream because abandoned stream ${streamId} ended`);
  }

  /** Checks that `injected` acknowledged nothing, and that it ended the stream if it must. */
  #expectNothing(streamId: number, injected: InjectedMessage<FromPrimary>, pending: number): void {
    const { core } = this;
    if (core === undefined) return;
    const { message, endsStream } = injected;
    const isOpen = this.#link?.streamId === streamId && !this.#link.stream.isEnded;
    const isExcused = endsStream === "while_sending" && !this.watch.isSending;
    const isToEnd = endsStream !== "never" && !isExcused;
    expect(!isOpen || !isToEnd, () => `keeps its stream after a false ${message.type}`);
    const { pendingEvents } = core;
    expect(
      pendingEvents >= pending,
      () => `only ${pendingEvents} of ${pending} events are still pending`,
    );
  }

  /** A clean stop, as after SIGTERM. */
  stop(leave: boolean): void {
    if (this.#core === undefined || this.isStopping) return;
    this.isStopping = true;
    this.watch.isLeaving = leave;
    const { environment } = this;
    if (environment.isFaulty) environment.fired(leave ? "stopped_leaving" : "stopped_staying");
    environment.trace?.fault(this.name, leave ? "stops to leave" : "stops");
    this.later(LEAVE_WAIT_MAX_MS, () => this.die("its stop timed out"));
    this.drive({ type: "stop", leave });
  }

  protected override died(): void {
    this.#link?.stream.endByLikesServer();
    this.#host.died();
  }

  #mint(): void {
    const { random, plan, isFaulty } = this.environment;
    const writes = [{ type: "mint", incarnation: random.id() }] as const;
    this.onWrite(
      this.disk,
      "store_busy" as const,
      () => this.#store.writeNow(writes),
      (outcome) => {
        const dies = isFaulty && plan.faults.has("crash_in_recovery") && random.chance(0.2);
        if (dies) this.environment.fired("crash_in_recovery");
        if (dies || outcome !== "done") return this.die("in recovery");
        this.onRead(
          () => this.#store.state,
          (state) => this.#begin(state),
        );
      },
    );
  }

  #begin(state: OutboxSnapshot): void {
    const { random, plan } = this.environment;
    this.watch.begun(this.environment.scheduler.nowMs);
    const options = {
      serverId: this.#host.serverId,
      address: `${this.machine.name}:1`,
      fingerprint: FINGERPRINT,
      primary: "primary:50051",
      codec: plan.codec,
      recordDiskBytes: this.#store.recordDiskBytes,
      mintId: () => random.id(),
      random: () => random.next(),
      outboxBytesMax: plan.outboxBytesMax,
      retain: plan.retain,
    };
    this.#core = new LikesServerCore(state, options, this.nowMs);
    this.tick(() => this.drive({ type: "tick" }));
  }

  #perform(action: LikesServerAction): void {
    const { environment } = this;
    switch (action.type) {
      case "write":
        return this.onWrite(
          this.disk,
          "store_busy" as const,
          () => this.#write(action.writes),
          (outcome) => this.drive({ type: "written", outcome, state: this.#store.state }),
        );
      case "read": {
        const { streamId, incarnation, sequence, recordsMax } = action;
        const bytesMax = Math.min(action.bytesMax, environment.plan.batchBytesMax);
        return this.onRead(
          () => this.#store.readNow(incarnation, sequence, bytesMax, recordsMax),
          (read) => this.drive({ type: "read", streamId, read }),
        );
      }
      case "connect": {
        const { streamId } = action;
        const mayWait = DISK_FAULTS.some((kind) => environment.plan.faults.has(kind));
        this.watch.connected(environment.scheduler.nowMs, this.stoppedMs === 0 && !mayWait);
        this.#link = { streamId, stream: environment.connect(this, streamId) };
        return;
      }
      case "send":
        return this.#send(action.streamId, action);
      case "disconnect":
        if (this.#link?.streamId !== action.streamId) return;
        this.#link.stream.endByLikesServer();
        this.#link = undefined;
        return;
      case "fetch_counts":
        return environment.fetchCounts(action.fetch, (answer) =>
          this.run(() => this.drive({ type: "counts_fetched", answer })),
        );
      case "counted":
        return this.#counted(action);
      case "answer":
        if (action.outcome.type === "refused" && action.outcome.refusal.code === "outbox_full") {
          environment.fired("outbox_full");
        }
        this.#requests.answered(action.requestId);
        this.watch.answered(action.requestId, action.outcome);
        return;
      case "stopped":
        if (this.#isPlain) this.watch.stopped();
        if (this.watch.isLeaving) this.#host.left();
        return this.die("all is delivered");
      case "notice":
        if (action.notice.type === "trouble") this.#trouble(action.notice.trouble);
        if (action.notice.type === "disconnected") {
          this.watch.broken(environment.scheduler.nowMs);
          this.stoppedMs = 0;
        }
    }
  }

  #write(writes: Parameters<MemoryOutbox["writeNow"]>[0]): ReturnType<MemoryOutbox["writeNow"]> {
    const { state } = this.#store;
    try {
      return this.#store.writeNow(writes);
    } finally {
      // A write in doubt may be on the disk although its caller is not told.
      const { nowMs } = this.environment.scheduler;
      if (this.#store.state !== state) this.watch.synced(state, writes, nowMs);
    }
  }

  #send(streamId: number, { message }: Extract<LikesServerAction, { type: "send" }>): void {
    this.watch.sent(message);
    const { random, isFaulty, plan } = this.environment;
    const stream = this.#link?.streamId === streamId ? this.#link.stream : undefined;
    if (stream === undefined) return;
    const isBroken = isFaulty && message.type === "batch" && random.chance(BROKEN_RATE);
    const kind = random.pick(["peer_replays", "peer_overlaps", "peer_changes"] as const);
    if (isBroken && plan.faults.has(kind)) misbehave(this.environment, kind, stream);
    if (isFaulty && message.type === "hello" && random.chance(OTHER_VERSION_RATE)) {
      if (plan.faults.has("peer_other_version")) {
        return sendOtherVersion(this.environment, stream, message);
      }
    }
    const taken = stream.up.send(message);
    if (!taken) {
      this.drive({ type: "blocked", streamId });
    } else if (isFaulty && plan.faults.has("transport_blocked") && random.chance(0.03)) {
      this.environment.fired("transport_blocked");
      this.drive({ type: "blocked", streamId });
      this.later(random.next() * 300, () => this.drive({ type: "writable", streamId }));
    }
  }

  #counted({ requestId, outcome }: Extract<LikesServerAction, { type: "counted" }>): void {
    const { oracle } = this.environment;
    const { outboxId } = this.disk.content.state;
    const registers = this.queries.end(requestId);
    const { incarnation } = this.core ?? {};
    const asked = { outboxId, incarnation, registers, isPlain: this.#isPlain };
    oracle.readers.fetched(asked, outcome, oracle.home);
  }

  #show(core: LikesServerCore): void {
    const view = core.total(this.nowMs);
    if (view === undefined) return;
    const { oracle } = this.environment;
    this.#isTampered ||= this.#link?.stream.isTampered === true;
    const { pulse } = view;
    this.watch.shows(pulse.version);
    oracle.shows(this.disk.content.state.outboxId, pulse.generation, pulse.version);
    const isExact = this.#isPlain && !this.#isTampered;
    oracle.readers.viewed(this.disk, view, oracle.home, isExact);
  }

  get #isPlain(): boolean {
    return this.environment.oracle.amnesia.isPlain(this.disk.content.state.outboxId);
  }

  #trouble(trouble: Trouble): void {
    if (this.#isPlain) throw new Error(`unexpected trouble: ${JSON.stringify(trouble)}`);
  }
}
