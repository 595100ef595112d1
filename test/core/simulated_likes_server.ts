/** A LikesServer's shell in a simulated world, as src/likes_server is in the real one. */
import { LikesServerCore } from "../../src/core/likes_server.ts";
import type { CountsAnswer, CountsQuestion } from "../../src/core/learnt_counts.ts";
import type { LikesServerAction, LikesServerEvent } from "../../src/core/likes_server.ts";
import { LEAVE_WAIT_MAX_MS } from "../../src/limits.ts";
import { recordCodec } from "../../src/rpc/record_codec.ts";
import { MemoryOutbox } from "../../src/store/memory_outbox.ts";
import type { OutboxDisk } from "../../src/store/memory_outbox.ts";
import type { SimulatedStream } from "./simulated_network.ts";
import { SimulatedProcess } from "./simulated_process.ts";
import type { Surroundings } from "./simulated_process.ts";

/** The world, as far as a LikesServer has to do with it. */
export interface SimulatedNetwork extends Surroundings {
  /** Batches are read in pieces of so many bytes, so that a few likes are several batches. */
  readonly batchBytesMax: number;
  /** A stream from `likesServer` to the primary of now. */
  connect(likesServer: LikesServerProcess, streamId: number): SimulatedStream;
  likesServerDied(likesServer: LikesServerProcess): void;
  /** Asks the primary of now; `learnt` comes with its answer, or without one, unless it is lost. */
  learn(question: CountsQuestion, learnt: (answer: CountsAnswer | undefined) => void): void;
}

/** One life of a LikesServer on its outbox. */
export class LikesServerProcess extends SimulatedProcess {
  override readonly world: SimulatedNetwork;
  readonly index: number;
  readonly disk: OutboxDisk;
  readonly #store: MemoryOutbox;
  #core: LikesServerCore | undefined;
  #link: { readonly streamId: number; readonly stream: SimulatedStream } | undefined;
  isStopping = false;
  isLeaving = false;
  /** Whether the ledger may have recorded it, as far as this life can tell. */
  isPerhapsKnown = false;

  constructor(world: SimulatedNetwork, index: number, disk: OutboxDisk) {
    super(world);
    this.world = world;
    this.index = index;
    this.disk = disk;
    this.#store = new MemoryOutbox(disk);
    const { random } = world;
    this.onDisk(
      disk,
      () => this.#store.write([{ type: "mint", incarnation: random.id() }]),
      (outcome) => (outcome === "done" ? this.#load() : this.die()),
    );
  }

  get core(): LikesServerCore | undefined {
    return this.isAlive ? this.#core : undefined;
  }

  drive(event: LikesServerEvent): void {
    if (!this.isAlive || this.#core === undefined) return;
    for (const action of this.#core.handle(event, this.nowMs)) {
      if (this.isAlive) this.#perform(action);
    }
    if (event.type !== "tick") this.world.checks.viewed(this, this.#core.total(this.nowMs));
  }

  /** A clean stop, as by SIGTERM. */
  stop(leave: boolean): void {
    if (this.#core === undefined || this.isStopping) return;
    this.isStopping = true;
    this.isLeaving = leave;
    this.later(LEAVE_WAIT_MAX_MS, () => this.die());
    this.drive({ type: "stop", leave });
  }

  die(): void {
    this.isAlive = false;
    this.#link?.stream.endByLikesServer();
    this.world.likesServerDied(this);
  }

  #load(): void {
    const { random } = this.world;
    this.onDisk(
      this.disk,
      () => this.#store.load(),
      (snapshot) => {
        this.isPerhapsKnown = snapshot.membership !== "stranger";
        const options = {
          serverId: `likes-server-${this.index}`,
          address: `127.0.0.1:${this.index}`,
          primary: "127.0.0.1:50051",
          codec: recordCodec,
          mintId: () => random.id(),
          random: () => random.next(),
          retain: { ageMs: random.pick([0, 500, 1e9]), bytesMax: random.pick([0, 400, 1e9]) },
        };
        this.#core = new LikesServerCore(snapshot, options, this.nowMs);
        this.tick(() => this.drive({ type: "tick" }));
      },
    );
  }

  #perform(action: LikesServerAction): void {
    const { random, checks } = this.world;
    switch (action.type) {
      case "write":
        return this.onDisk(
          this.disk,
          () => this.#store.write(action.writes),
          (outcome) => this.drive({ type: "written", outcome, state: this.#store.state }),
        );
      case "read": {
        const { streamId, incarnation, sequence, bytesMax, recordsMax } = action;
        const bytes = Math.min(bytesMax, this.world.batchBytesMax);
        return this.onDisk(
          this.disk,
          () => this.#store.read(incarnation, sequence, bytes, recordsMax),
          (read) => this.drive({ type: "read", streamId, read }),
        );
      }
      case "connect": {
        const { streamId } = action;
        this.#link = { streamId, stream: this.world.connect(this, streamId) };
        return;
      }
      case "send": {
        const { streamId, message } = action;
        this.isPerhapsKnown ||= message.type === "report";
        if (this.#link?.streamId === streamId) this.#link.stream.up.send(message);
        if (!random.chance(0.02)) return;
        this.drive({ type: "blocked", streamId });
        return this.later(random.next() * 300, () => this.drive({ type: "writable", streamId }));
      }
      case "disconnect":
        if (this.#link?.streamId === action.streamId) this.#link.stream.endByLikesServer();
        return;
      case "learn":
        return this.world.learn(action.question, (answer) =>
          this.drive({ type: "learnt", answer }),
        );
      case "counted":
        return checks.counted(this.index, action.outcome);
      case "answer":
        return checks.answered(action.requestId, action.outcome);
      case "stopped":
        checks.stopped(this);
        return this.die();
      case "notice":
        if (action.notice.type === "trouble") checks.fail(JSON.stringify(action.notice.trouble));
    }
  }
}
