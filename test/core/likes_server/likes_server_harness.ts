/** The core of a LikesServer on an outbox in memory. Its disk calls run when a test says so. */
import { LikesServerCore } from "../../../src/core/likes_server/likes_server.ts";
import type {
  AddResult,
  SetResult,
  LikesServerAction,
  LikesServerEvent,
  LikesServerNotice,
  Retention,
} from "../../../src/core/likes_server/likes_server.ts";
import type {
  FromLikesServer,
  FromPrimary,
  LikeBatch,
  Report,
} from "../../../src/core/protocol/messages.ts";
import type { WishRequest } from "../../../src/core/likes_server/wishes.ts";
import type { LikeEvent } from "../../../src/core/protocol/like_event.ts";
import type { OutboxSnapshot, OutboxWrite } from "../../../src/core/likes_server/outbox.ts";
import type { IncarnationId } from "../../../src/core/protocol/ids.ts";
import { recordCodec } from "../../../src/format/record_codec.ts";
import { MemoryOutbox, OutboxDisk } from "../../../src/store/outbox/memory_outbox.ts";
import { testId } from "../../store/faults.ts";
import { OUTBOX, ack, like, pulse, welcome } from "../core_fixture.ts";
import { FINGERPRINT } from "../../fixtures/secret.ts";

type Of<Type extends LikesServerAction["type"]> = Extract<LikesServerAction, { type: Type }>;

export interface HarnessOptions {
  readonly disk?: OutboxDisk;
  /** The current incarnation. Later ones are 0x100 and so on. */
  readonly incarnation?: IncarnationId;
  readonly outboxBytesMax?: number;
  /** Retains everything when absent. */
  readonly retain?: Retention;
}

export class LikesServerHarness {
  readonly disk: OutboxDisk;
  readonly store: MemoryOutbox;
  readonly core: LikesServerCore;
  readonly actions: LikesServerAction[] = [];
  nowMs = 0;
  /** Changes the outbox state that the core gets after a write, to simulate another disk. */
  observed = (state: OutboxSnapshot): OutboxSnapshot => state;
  #pulseMs = 1_000;
  #requestId = 0;
  readonly #disk: (Of<"write"> | Of<"read">)[] = [];

  constructor(disk: OutboxDisk, store: MemoryOutbox, core: LikesServerCore) {
    this.disk = disk;
    this.store = store;
    this.core = core;
  }

  static async start(options: HarnessOptions = {}): Promise<LikesServerHarness> {
    const { disk = new OutboxDisk(OUTBOX, "likes-server-0"), incarnation = testId(1) } = options;
    const store = new MemoryOutbox(disk);
    await store.write([{ type: "mint", incarnation }]);
    let minted = 0xff;
    const who = {
      serverId: "likes-server-0",
      address: "127.0.0.1:1",
      fingerprint: FINGERPRINT,
      primary: "127.0.0.1:50051",
      codec: recordCodec,
      recordDiskBytes: store.recordDiskBytes,
      mintId: () => testId(++minted),
      random: () => 0,
      retain: options.retain ?? { ageMs: Infinity, bytesMax: Number.MAX_SAFE_INTEGER },
      ...(options.outboxBytesMax === undefined ? {} : { outboxBytesMax: options.outboxBytesMax }),
    };
    const core = new LikesServerCore(await store.load(), who, 0);
    return new LikesServerHarness(disk, store, core);
  }

  /** Starts an admitted LikesServer that has accepted nothing yet. */
  static async admitted(options: HarnessOptions = {}): Promise<LikesServerHarness> {
    const server = await LikesServerHarness.start(options);
    await server.connect();
    await server.receive(ack(server.core.incarnation));
    return server;
  }

  /** Starts the next process on the same outbox. Unwritten events are lost. */
  restart(incarnation: IncarnationId): Promise<LikesServerHarness> {
    return LikesServerHarness.start({ disk: this.disk, incarnation });
  }

  drive(event: LikesServerEvent): void {
    for (const action of this.core.handle(event, this.nowMs)) {
      this.actions.push(action);
      if (action.type === "write" || action.type === "read") this.#disk.push(action);
    }
  }

  /** Performs the next requested disk call. */
  async doDiskCall(): Promise<void> {
    const call = this.#disk.shift();
    if (call?.type === "write") {
      const outcome = await this.store.write(call.writes);
      this.drive({ type: "written", outcome, state: this.observed(this.store.state) });
    } else if (call?.type === "read") {
      const { streamId, incarnation, sequence, bytesMax, recordsMax } = call;
      const read = await this.store.read(incarnation, sequence, bytesMax, recordsMax);
      this.drive({ type: "read", streamId, read });
    }
  }

  /** Fails the next write as if another program were writing. */
  refuseWrite(): void {
    const call = this.#disk.shift();
    if (call?.type !== "write") throw new Error("no write was requested");
    this.drive({ type: "written", outcome: "store_busy", state: this.store.state });
  }

  /** Performs all requested disk calls and those that follow. */
  async settle(): Promise<void> {
    while (this.#disk.length > 0) await this.doDiskCall();
  }

  /** The types of the pending disk calls. */
  get diskCalls(): readonly string[] {
    return this.#disk.map(({ type }) => type);
  }

  /** Connects and sends the Welcome, at the start of the incarnation unless `changes` differ. */
  async connect(changes: Parameters<typeof welcome>[1] = {}): Promise<void> {
    this.nowMs += 1_000;
    this.drive({ type: "tick" });
    await this.receive(welcome(this.hello.incarnation, changes));
  }

  async receive(message: FromPrimary): Promise<void> {
    this.drive({ type: "received", streamId: this.streamId, message });
    await this.settle();
  }

  /** Sends a pulse with the next pulse time. */
  async pulse(changes: Parameters<typeof pulse>[0] = {}): Promise<void> {
    await this.receive(pulse({ pulseMs: ++this.#pulseMs, ...changes }));
  }

  /** Adds likes without waiting for the disk. Returns the request's id. */
  add(likes: number | bigint, itemId = "video"): number {
    const requestId = ++this.#requestId;
    const event = like(likes, itemId);
    this.drive({ type: "add", adds: [{ requestId, event, mark: undefined }] });
    return requestId;
  }

  /** Gives an event, such as a set or a named add, without waiting for the disk. */
  give(event: LikeEvent): number {
    const requestId = ++this.#requestId;
    this.drive({ type: "add", adds: [{ requestId, event, mark: undefined }] });
    return requestId;
  }

  /** Asks for wishes that arrive together. Returns the ids of the requests. */
  wish(...wishes: readonly WishRequest["wish"][]): readonly number[] {
    const adds = wishes.map((wish) => ({ requestId: ++this.#requestId, wish }));
    this.drive({ type: "add", adds });
    return adds.map(({ requestId }) => requestId);
  }

  /** Adds likes that arrived together. Returns the ids of the requests. */
  addAll(likes: readonly number[]): readonly number[] {
    const adds = likes.map((each) => {
      return { requestId: ++this.#requestId, event: like(each), mark: undefined };
    });
    this.drive({ type: "add", adds });
    return adds.map(({ requestId }) => requestId);
  }

  async tick(passedMs: number): Promise<void> {
    this.nowMs += passedMs;
    this.drive({ type: "tick" });
    await this.settle();
  }

  outcome(requestId: number): AddResult | SetResult | undefined {
    return this.all("answer").find((answer) => answer.requestId === requestId)?.outcome;
  }

  /** Returns `#17` or the code of the refusal; undefined before the answer. */
  outcomeText(requestId: number): string | undefined {
    const outcome = this.outcome(requestId);
    if (outcome === undefined) return undefined;
    if (outcome.type === "refused") return outcome.refusal.code;
    return "sequence" in outcome ? `#${outcome.sequence}` : outcome.type;
  }

  all<Type extends LikesServerAction["type"]>(type: Type): Of<Type>[] {
    return this.actions.filter((action): action is Of<Type> => action.type === type);
  }

  /** The id of the current stream. */
  get streamId(): number {
    return this.all("connect").at(-1)?.streamId ?? 0;
  }

  get sent(): FromLikesServer[] {
    return this.all("send").map(({ message }) => message);
  }

  get hello(): Extract<FromLikesServer, { type: "hello" }> {
    const message = this.sent.findLast(({ type }) => type === "hello");
    if (message?.type !== "hello") throw new Error("no Hello was sent");
    return message;
  }

  get batches(): LikeBatch[] {
    return this.sent.filter((message) => message.type === "batch");
  }

  get reports(): Report[] {
    return this.sent.filter((message) => message.type === "report");
  }

  get writes(): OutboxWrite[] {
    return this.all("write").flatMap(({ writes }) => writes);
  }

  notices(type: LikesServerNotice["type"]): LikesServerNotice[] {
    return this.all("notice")
      .map(({ notice }) => notice)
      .filter((notice) => notice.type === type);
  }
}
