/** A LikesServer's shell in a simulated world, as src/likes_server is in the real one. */
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
import { misbehave, speakOtherVersion } from "./faulty_peers.ts";
import type { Misled } from "./faulty_peers.ts";
import type { Machine } from "./machine.ts";
import type { Forged, SimulatedStream } from "./network.ts";
import { expect } from "./oracle/failure.ts";
import type { Oracle } from "./oracle/oracle.ts";
import { AddCheck } from "./oracle/add_check.ts";
import { LikesServerWatch } from "./oracle/likes_server_watch.ts";
import { SimulatedProcess } from "./process.ts";

/** Of the batches that a broken LikesServer sends, those before which it sends a wrong one. */
const BROKEN_RATE = 0.3;
/** Of its Hellos, those that it says as another release would. */
const OTHER_VERSION_RATE = 0.15;

/** Faults for which a stream may be kept from beginning by a write that waits. */
const DISK_FAULTS = ["disk_full", "disk_slow", "store_busy"] as const;

/** The world, as far as a LikesServer has to do with it. */
export interface LikesServerSurroundings extends Misled {
  readonly oracle: Oracle;
  /** A stream from `likesServer` to the primary of now. */
  connect(likesServer: LikesServerProcess, streamId: number): SimulatedStream;
  /** Asks the primary of now; `fetched` comes with its answer, or without one. */
  fetchCounts(fetch: CountsFetch, fetched: (answer: CountsAnswer | undefined) => void): void;
}

/** Where a LikesServer lives: its machine and its disk. */
export interface Seat {
  readonly serverId: string;
  readonly machine: Machine;
  readonly disk: OutboxDisk;
  died(): void;
  /** It is about to end, and is no member any more. */
  left(): void;
}

/** One life of a LikesServer on its outbox. */
export class LikesServerProcess extends SimulatedProcess {
  override readonly surroundings: LikesServerSurroundings;
  readonly #seat: Seat;
  readonly disk: OutboxDisk;
  readonly #store: MemoryOutbox;
  readonly watch: LikesServerWatch;
  readonly #requests = new AddCheck();
  #core: LikesServerCore | undefined;
  #link: { readonly streamId: number; readonly stream: SimulatedStream } | undefined;
  isStopping = false;
  /** Whether nobody gives to it until all is kind. */
  readonly isIdle: boolean;
  /** Whether it ever showed a stream's message out of order. */
  #isTampered = false;

  constructor(surroundings: LikesServerSurroundings, seat: Seat) {
    super(surroundings, seat.machine, seat.serverId);
    this.surroundings = surroundings;
    this.#seat = seat;
    this.disk = seat.disk;
    this.#store = new MemoryOutbox(this.disk);
    this.watch = new LikesServerWatch(surroundings.oracle, this.disk, surroundings.plan);
    this.isIdle = surroundings.random.chance(surroundings.plan.idleShare);
    this.#mint();
  }

  get core(): LikesServerCore | undefined {
    return this.isAlive ? this.#core : undefined;
  }

  readonly drive = inTurn((event: LikesServerEvent): void => {
    const core = this.#core;
    if (!this.isAlive || core === undefined) return;
    const { trace } = this.surroundings;
    if (trace !== undefined && event.type !== "tick") trace.event(this.name, event);
    this.#requests.comes(event, this.awakeMs);
    const actions = core.handle(event, this.nowMs);
    if (event.type === "received" || event.type === "read") this.#show(core);
    for (const action of actions) {
      if (!this.livesToAct()) return;
      trace?.effect(this.name, action);
      this.#perform(action);
    }
    if (event.type === "written") this.#requests.written();
  });

  /** A message arrives on a stream, which may be of the past. */
  receive(streamId: number, message: FromPrimary, forged?: Forged<FromPrimary>): void {
    const { agenda } = this.surroundings;
    const isCurrent = this.#link?.streamId === streamId;
    if (forged === undefined && isCurrent) this.watch.received(message, agenda.nowMs);
    const pending = this.core?.pendingEvents ?? 0;
    const shown = this.core?.total(this.nowMs)?.pulse;
    this.drive({ type: "received", streamId, message });
    if (forged !== undefined) this.#expectNothing(streamId, forged, pending);
    if (isCurrent || this.core === undefined) return;
    const isVoid =
      this.core.pendingEvents >= pending && this.core.total(this.nowMs)?.pulse === shown;
    expect(isVoid, () => `takes a ${message.type} of a stream that was given up`);
  }

  /** A stream is over, which may be one of the past: then the one of now goes on. */
  broken(streamId: number, reason: string): void {
    const link = this.#link;
    this.drive({ type: "broken", streamId, reason });
    const isOther = link !== undefined && link.streamId !== streamId;
    const isKept = !isOther || this.#link === link || !this.isAlive;
    expect(isKept, () => `ends its stream because stream ${streamId} of the past is over`);
  }

  /** Nothing was taken for applied because of `forged`, and the stream is over if it has to be. */
  #expectNothing(streamId: number, forged: Forged<FromPrimary>, pending: number): void {
    const { core } = this;
    if (core === undefined) return;
    const { message, endsStream } = forged;
    const isOpen = this.#link?.streamId === streamId && !this.#link.stream.isEnded;
    const isExcused = endsStream === "while_sending" && !this.watch.isSending;
    const isToEnd = endsStream !== "never" && !isExcused;
    expect(!isOpen || !isToEnd, () => `goes on after a false message: ${message.type}`);
    const { pendingEvents } = core;
    expect(pendingEvents >= pending, () => `${pendingEvents} events of ${pending} are pending`);
  }

  /** A clean stop, as by SIGTERM. */
  stop(leave: boolean): void {
    if (this.#core === undefined || this.isStopping) return;
    this.isStopping = true;
    this.watch.isLeaving = leave;
    const { surroundings } = this;
    if (surroundings.isUnkind) surroundings.fired(leave ? "stopped_leaving" : "stopped_staying");
    surroundings.trace?.fault(this.name, leave ? "is to leave" : "is to stop");
    this.later(LEAVE_WAIT_MAX_MS, () => this.die("it waited long enough"));
    this.drive({ type: "stop", leave });
  }

  protected override died(): void {
    this.#link?.stream.endByLikesServer();
    this.#seat.died();
  }

  #mint(): void {
    const { random, plan, isUnkind } = this.surroundings;
    const writes = [{ type: "mint", incarnation: random.id() }] as const;
    this.onWrite(
      this.disk,
      "store_busy" as const,
      () => this.#store.writeNow(writes),
      (outcome) => {
        const dies = isUnkind && plan.faults.has("crash_in_recovery") && random.chance(0.2);
        if (dies) this.surroundings.fired("crash_in_recovery");
        if (dies || outcome !== "done") return this.die("in recovery");
        this.onRead(
          () => this.#store.state,
          (state) => this.#begin(state),
        );
      },
    );
  }

  #begin(state: OutboxSnapshot): void {
    const { random, plan } = this.surroundings;
    this.watch.begun(this.surroundings.agenda.nowMs);
    const options = {
      serverId: this.#seat.serverId,
      address: `${this.machine.name}:1`,
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
    const { surroundings } = this;
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
        const bytesMax = Math.min(action.bytesMax, surroundings.plan.batchBytesMax);
        return this.onRead(
          () => this.#store.readNow(incarnation, sequence, bytesMax, recordsMax),
          (read) => this.drive({ type: "read", streamId, read }),
        );
      }
      case "connect": {
        const { streamId } = action;
        const mayWait = DISK_FAULTS.some((kind) => surroundings.plan.faults.has(kind));
        this.watch.connected(surroundings.agenda.nowMs, this.stoppedMs === 0 && !mayWait);
        this.#link = { streamId, stream: surroundings.connect(this, streamId) };
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
        return surroundings.fetchCounts(action.fetch, (answer) =>
          this.run(() => this.drive({ type: "counts_fetched", answer })),
        );
      case "counted": {
        const { oracle } = surroundings;
        const { outboxId } = this.disk.content.state;
        return oracle.readers.fetched(outboxId, action.outcome, oracle.home, this.#isPlain);
      }
      case "answer":
        if (action.outcome.type === "refused" && action.outcome.refusal.code === "outbox_full") {
          surroundings.fired("outbox_full");
        }
        this.#requests.answered(action.requestId);
        this.watch.answered(action.requestId, action.outcome);
        return;
      case "stopped":
        if (this.#isPlain) this.watch.stopped();
        if (this.watch.isLeaving) this.#seat.left();
        return this.die("all is delivered");
      case "notice":
        if (action.notice.type === "trouble") this.#trouble(action.notice.trouble);
        if (action.notice.type === "disconnected") {
          this.watch.broken(surroundings.agenda.nowMs);
          this.stoppedMs = 0;
        }
    }
  }

  #write(writes: Parameters<MemoryOutbox["writeNow"]>[0]): ReturnType<MemoryOutbox["writeNow"]> {
    const { state } = this.#store;
    try {
      return this.#store.writeNow(writes);
    } finally {
      // In doubt, it may be on the disk although nobody is told.
      const { nowMs } = this.surroundings.agenda;
      if (this.#store.state !== state) this.watch.synced(state, writes, nowMs);
    }
  }

  #send(streamId: number, { message }: Extract<LikesServerAction, { type: "send" }>): void {
    this.watch.sent(message);
    const { random, isUnkind, plan } = this.surroundings;
    const stream = this.#link?.streamId === streamId ? this.#link.stream : undefined;
    if (stream === undefined) return;
    const isBroken = isUnkind && message.type === "batch" && random.chance(BROKEN_RATE);
    const kind = random.pick(["peer_replays", "peer_overlaps", "peer_changes"] as const);
    if (isBroken && plan.faults.has(kind)) misbehave(this.surroundings, kind, stream);
    if (isUnkind && message.type === "hello" && random.chance(OTHER_VERSION_RATE)) {
      if (plan.faults.has("peer_other_version")) {
        return speakOtherVersion(this.surroundings, stream, message);
      }
    }
    const taken = stream.up.send(message);
    if (!taken) {
      this.drive({ type: "blocked", streamId });
    } else if (isUnkind && plan.faults.has("transport_blocked") && random.chance(0.03)) {
      this.surroundings.fired("transport_blocked");
      this.drive({ type: "blocked", streamId });
      this.later(random.next() * 300, () => this.drive({ type: "writable", streamId }));
    }
  }

  #show(core: LikesServerCore): void {
    const view = core.total(this.nowMs);
    if (view === undefined) return;
    const { oracle } = this.surroundings;
    this.#isTampered ||= this.#link?.stream.isTampered === true;
    const { pulse } = view;
    this.watch.shows(pulse.generation, pulse.version);
    oracle.shows(this.disk.content.state.outboxId, pulse.generation, pulse.version);
    const isExact = this.#isPlain && !this.#isTampered;
    oracle.readers.viewed(this.disk, view, oracle.home.disk, isExact);
  }

  get #isPlain(): boolean {
    return this.surroundings.oracle.amnesia.isPlain(this.disk.content.state.outboxId);
  }

  #trouble(trouble: Trouble): void {
    if (this.#isPlain) throw new Error(`in trouble: ${JSON.stringify(trouble)}`);
  }
}
