/**
 * The network of a simulated world: delivery streams, in order each way, delayed, cut, or half
 * open. Faults of single messages go beyond what gRPC does. A stream they tampered with is broken
 * when the faulty phase ends, because the protocol does not promise that it recovers.
 */
import type {
  FromLikesServer,
  FromPrimary,
  Hello,
  Pulse,
  Welcome,
} from "../../src/core/protocol/messages.ts";
import type { OutboxDisk } from "../../src/store/outbox/memory_outbox.ts";
import type { Machine } from "./machine.ts";
import type { SimulatedProcess, Environment } from "./process.ts";

/** The callbacks of one direction's receiver and sender. */
interface PipeEnds<Message> {
  readonly receiver: SimulatedProcess;
  readonly sender: SimulatedProcess;
  take(message: Message): void;
  writable(): void;
}

/**
 * One direction of a stream. Messages arrive in order; after a cut, some in transit may be lost.
 */
class Pipe<Message> {
  readonly #world: Environment;
  readonly #machine: Machine;
  readonly #isUp: boolean;
  readonly #ends: PipeEnds<Message>;
  #lastMs = 0;
  #isOpen = true;
  #lostAfterMs = Infinity;
  /** Messages sent and not yet received. */
  #inTransit = 0;
  #isFull = false;
  readonly #waiting: Message[] = [];
  #isDraining = false;
  isReadPaused = false;
  isTampered = false;

  constructor(world: Environment, machine: Machine, isUp: boolean, ends: PipeEnds<Message>) {
    this.#world = world;
    this.#machine = machine;
    this.#isUp = isUp;
    this.#ends = ends;
  }

  /** Returns false when the transport pushes back; `writable` tells when it takes more. */
  send(message: Message): boolean {
    if (!this.#isOpen) return true;
    const { random, isFaulty, plan } = this.#world;
    if (isFaulty && random.chance(plan.messageRate)) this.#disturb(message);
    else this.#arrive(message, this.#delayMs(), false);
    if (this.#inTransit < plan.pipeMessagesMax) return true;
    this.#isFull = true;
    return false;
  }

  /** Delivers a message that its sender does not know of. */
  inject(message: Message): boolean {
    if (!this.#isOpen) return false;
    this.#arrive(message, this.#delayMs(), false);
    return true;
  }

  /** Applies one of the plan's message faults to `message`, if the plan has any. */
  #disturb(message: Message): void {
    const { random, plan } = this.#world;
    const reordered = this.#isUp ? "message_reordered_up" : "message_reordered_down";
    const kinds = (
      ["message_lost", "message_duplicated", "message_delayed", reordered] as const
    ).filter((one) => plan.faults.has(one));
    if (kinds.length === 0) return this.#arrive(message, this.#delayMs(), false);
    const kind = random.pick(kinds);
    this.#world.fired(kind);
    this.#world.trace?.fault(this.#ends.sender.name, kind);
    if (kind !== "message_delayed") this.isTampered = true;
    if (kind === "message_lost") return;
    if (kind === "message_duplicated") this.#arrive(message, this.#delayMs(), false);
    const lateMs = kind === "message_delayed" ? random.whole(50, 1_500) : 0;
    const early = kind === reordered;
    this.#arrive(message, this.#delayMs() * (early ? random.next() * 6 : 1) + lateMs, early);
  }

  #delayMs(): number {
    return this.#world.random.next() * this.#world.plan.latencyMs;
  }

  #arrive(message: Message, delayMs: number, outOfOrder: boolean): void {
    const { scheduler } = this.#world;
    const { partition, upUntilMs, downUntilMs } = this.#machine;
    const blockedUntilMs = this.#isUp ? upUntilMs : downUntilMs;
    if (blockedUntilMs > scheduler.nowMs && partition !== undefined) this.#world.fired(partition);
    const soonestMs = Math.max(scheduler.nowMs, blockedUntilMs) + delayMs;
    const atMs = outOfOrder ? soonestMs : Math.max(this.#lastMs, soonestMs);
    if (!outOfOrder) this.#lastMs = atMs;
    this.#inTransit++;
    scheduler.at(atMs, () => {
      if (atMs > this.#lostAfterMs) return;
      if (this.isReadPaused || this.#waiting.length > 0) this.#waiting.push(message);
      else this.#deliver(message);
    });
  }

  #deliver(message: Message): void {
    this.#ends.receiver.run(() => {
      if (this.isReadPaused) {
        this.#waiting.push(message);
        return;
      }
      this.#inTransit--;
      this.#ends.take(message);
      if (!this.#isFull || this.#inTransit * 2 > this.#world.plan.pipeMessagesMax) return;
      this.#isFull = false;
      this.#ends.sender.run(() => this.#ends.writable());
    });
  }

  /** The receiver reads again, message by message, until it pauses. */
  resumeReading(): void {
    this.isReadPaused = false;
    this.#drain();
  }

  #drain(): void {
    if (this.#isDraining) return;
    this.#isDraining = true;
    this.#world.scheduler.after(0, () => {
      this.#isDraining = false;
      const message = this.isReadPaused ? undefined : this.#waiting.shift();
      if (message === undefined) return;
      this.#deliver(message);
      this.#drain();
    });
  }

  /**
   * Accepts no more messages. Those in transit arrive, all of them, only the first ones, or none.
   */
  cut(): void {
    const { scheduler, random } = this.#world;
    this.#isOpen = false;
    const underWayMs = Math.max(this.#lastMs - scheduler.nowMs, 0);
    const kept = random.pick([0, random.next(), 1]);
    this.#lostAfterMs = Math.min(this.#lostAfterMs, scheduler.nowMs + kept * underWayMs);
  }

  /** Notifies the receiver of the end, after what still arrives: soon, late or never. */
  end(notify: () => void): void {
    this.cut();
    const { scheduler, random, isFaulty, plan } = this.#world;
    if (isFaulty && plan.faults.has("half_open") && random.chance(0.3)) {
      this.#world.fired("half_open");
      return;
    }
    const blockedUntilMs = this.#isUp ? this.#machine.upUntilMs : this.#machine.downUntilMs;
    const atMs = Math.max(
      scheduler.nowMs,
      blockedUntilMs,
      Math.min(this.#lastMs, this.#lostAfterMs),
    );
    scheduler.at(atMs + random.next(), () => this.#ends.receiver.run(notify));
  }
}

/**
 * A wrong message, and when its receiver must end the stream for it at once: the primary before its
 * Welcome, a LikesServer while it sends, either side always or never.
 */
export interface InjectedMessage<Message> {
  readonly message: Message;
  readonly endsStream: "always" | "before_welcome" | "while_sending" | "never";
  /** Whether its events are false. False events must never count. */
  readonly isFalse?: boolean;
}

/** A LikesServer as its stream sees it. */
type Sender = SimulatedProcess & { readonly disk: OutboxDisk };

/** The callbacks of the processes at both ends of a stream. */
export interface StreamEnds {
  readonly likesServer: Sender;
  readonly primary: SimulatedProcess;
  toPrimary(message: FromLikesServer, injected?: InjectedMessage<FromLikesServer>): void;
  toLikesServer(message: FromPrimary, injected?: InjectedMessage<FromPrimary>): void;
  writableUp(): void;
  writableDown(): void;
  endAtPrimary(): void;
  endAtLikesServer(reason: string): void;
}

/** A stream between one process of a LikesServer and one of the primary. */
export class SimulatedStream {
  readonly up: Pipe<FromLikesServer>;
  readonly down: Pipe<FromPrimary>;
  readonly #ends: StreamEnds;
  readonly #injectedUp = new Map<FromLikesServer, InjectedMessage<FromLikesServer>>();
  readonly #injectedDown = new Map<FromPrimary, InjectedMessage<FromPrimary>>();
  isEnded = false;
  /** Whether a direction is dead; its ends may not know. */
  isHalfOpen = false;
  /** The first of each that arrived. A broken peer repeats them. */
  hello: Hello | undefined;
  welcome: Welcome | undefined;
  oldPulse: Pulse | undefined;

  constructor(world: Environment, machine: Machine, ends: StreamEnds) {
    this.#ends = ends;
    const { likesServer, primary } = ends;
    this.up = new Pipe<FromLikesServer>(world, machine, true, {
      sender: likesServer,
      receiver: primary,
      take: (message) => {
        if (message.type === "hello") this.hello ??= message;
        ends.toPrimary(message, this.#injectedUp.get(message));
      },
      writable: () => ends.writableUp(),
    });
    this.down = new Pipe<FromPrimary>(world, machine, false, {
      sender: primary,
      receiver: likesServer,
      take: (message) => {
        if (message.type === "welcome") this.welcome ??= message;
        if (message.type === "pulse") this.oldPulse ??= message;
        ends.toLikesServer(message, this.#injectedDown.get(message));
      },
      writable: () => ends.writableDown(),
    });
  }

  get isTampered(): boolean {
    return this.up.isTampered || this.down.isTampered;
  }

  get likesServer(): Sender {
    return this.#ends.likesServer;
  }

  /** A broken LikesServer sends this as well. */
  injectUp(injected: InjectedMessage<FromLikesServer>): boolean {
    const copy = { ...injected.message };
    this.#injectedUp.set(copy, { ...injected, message: copy });
    return this.up.inject(copy);
  }

  /** A broken primary sends this as well. */
  injectDown({ message, endsStream }: InjectedMessage<FromPrimary>): boolean {
    const copy = { ...message };
    this.#injectedDown.set(copy, { message: copy, endsStream });
    return this.down.inject(copy);
  }

  /** The LikesServer hung up or died. */
  endByLikesServer(): void {
    this.isEnded = true;
    this.down.cut();
    this.up.end(() => this.#ends.endAtPrimary());
  }

  /** The primary hung up or died. */
  endByPrimary(reason: string): void {
    this.isEnded = true;
    this.up.cut();
    this.down.end(() => this.#ends.endAtLikesServer(reason));
  }

  /** The network broke the stream. Each side learns of that later, or never. */
  break(): void {
    this.isEnded = true;
    this.up.end(() => this.#ends.endAtPrimary());
    this.down.end(() => this.#ends.endAtLikesServer("broken"));
  }

  /** Kills one or both directions without notifying either end. */
  halfOpen(up: boolean, down: boolean): void {
    this.isHalfOpen = true;
    if (up) this.up.cut();
    if (down) this.down.cut();
  }
}
