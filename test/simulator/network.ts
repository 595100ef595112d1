/**
 * The network of a simulated world: delivery streams, in order each way, late, cut, or cut for one side
 * only. What befalls single messages of a stream goes beyond what gRPC does: a stream that was tampered
 * with is broken when the world turns kind, for nothing promises that it recovers by itself.
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
import type { SimulatedProcess, Surroundings } from "./process.ts";

/** What the receiver and the sender of a direction want to hear. */
interface PipeEnds<Message> {
  readonly receiver: SimulatedProcess;
  readonly sender: SimulatedProcess;
  take(message: Message): void;
  writable(): void;
}

/** One direction of a stream. What was sent arrives in order; after a cut a part of it may still. */
class Pipe<Message> {
  readonly #world: Surroundings;
  readonly #machine: Machine;
  readonly #isUp: boolean;
  readonly #ends: PipeEnds<Message>;
  #lastMs = 0;
  #isOpen = true;
  #lostAfterMs = Infinity;
  /** Sent and not taken yet. */
  #underWay = 0;
  #isFull = false;
  readonly #waiting: Message[] = [];
  #isDraining = false;
  isReadPaused = false;
  isTampered = false;

  constructor(world: Surroundings, machine: Machine, isUp: boolean, ends: PipeEnds<Message>) {
    this.#world = world;
    this.#machine = machine;
    this.#isUp = isUp;
    this.#ends = ends;
  }

  /** False when the transport pushes back: the sender is told when it is writable again. */
  send(message: Message): boolean {
    if (!this.#isOpen) return true;
    const { random, isUnkind, plan } = this.#world;
    if (isUnkind && random.chance(plan.messageRate)) this.#disturb(message);
    else this.#arrive(message, this.#delayMs(), false);
    if (this.#underWay < plan.pipeMessagesMax) return true;
    this.#isFull = true;
    return false;
  }

  /** Says something that its sender does not know of. */
  forge(message: Message): boolean {
    if (!this.#isOpen) return false;
    this.#arrive(message, this.#delayMs(), false);
    return true;
  }

  /** One of the things that plans ask for happens to a message, or nothing. */
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
    const { agenda } = this.#world;
    const { partition, upUntilMs, downUntilMs } = this.#machine;
    const passesMs = this.#isUp ? upUntilMs : downUntilMs;
    if (passesMs > agenda.nowMs && partition !== undefined) this.#world.fired(partition);
    const soonestMs = Math.max(agenda.nowMs, passesMs) + delayMs;
    const atMs = outOfOrder ? soonestMs : Math.max(this.#lastMs, soonestMs);
    if (!outOfOrder) this.#lastMs = atMs;
    this.#underWay++;
    agenda.at(atMs, () => {
      if (atMs > this.#lostAfterMs) return;
      if (this.isReadPaused || this.#waiting.length > 0) this.#waiting.push(message);
      else this.#hand(message);
    });
  }

  #hand(message: Message): void {
    this.#ends.receiver.run(() => {
      if (this.isReadPaused) {
        this.#waiting.push(message);
        return;
      }
      this.#underWay--;
      this.#ends.take(message);
      if (!this.#isFull || this.#underWay * 2 > this.#world.plan.pipeMessagesMax) return;
      this.#isFull = false;
      this.#ends.sender.run(() => this.#ends.writable());
    });
  }

  /** The receiver reads again, one message after another, until it pauses once more. */
  resumeReading(): void {
    this.isReadPaused = false;
    this.#drain();
  }

  #drain(): void {
    if (this.#isDraining) return;
    this.#isDraining = true;
    this.#world.agenda.after(0, () => {
      this.#isDraining = false;
      const message = this.isReadPaused ? undefined : this.#waiting.shift();
      if (message === undefined) return;
      this.#hand(message);
      this.#drain();
    });
  }

  /** Takes no more. What is under way arrives, or only its beginning does, or nothing of it. */
  cut(): void {
    const { agenda, random } = this.#world;
    this.#isOpen = false;
    const underWayMs = Math.max(this.#lastMs - agenda.nowMs, 0);
    const kept = random.pick([0, random.next(), 1]);
    this.#lostAfterMs = Math.min(this.#lostAfterMs, agenda.nowMs + kept * underWayMs);
  }

  /** Tells the receiver of the end, behind what still arrives: soon, late or never. */
  end(tell: () => void): void {
    this.cut();
    const { agenda, random, isUnkind, plan } = this.#world;
    if (isUnkind && plan.faults.has("half_open") && random.chance(0.3)) {
      this.#world.fired("half_open");
      return;
    }
    const passesMs = this.#isUp ? this.#machine.upUntilMs : this.#machine.downUntilMs;
    const atMs = Math.max(agenda.nowMs, passesMs, Math.min(this.#lastMs, this.#lostAfterMs));
    agenda.at(atMs + random.next(), () => this.#ends.receiver.run(tell));
  }
}

/**
 * A message that is wrong, and when its receiver has to end the stream for it, at once: the primary
 * before its Welcome, a LikesServer while it sends, either always or never.
 */
export interface Forged<Message> {
  readonly message: Message;
  readonly endsStream: "always" | "before_welcome" | "while_sending" | "never";
  /** Whether it says of events what is not so: these are never counted. */
  readonly isFalse?: boolean;
}

/** A LikesServer, as far as a stream of it has to do with it. */
type Sender = SimulatedProcess & { readonly disk: OutboxDisk };

/** What the two processes at the ends of a stream want to hear. */
export interface StreamEnds {
  readonly likesServer: Sender;
  readonly primary: SimulatedProcess;
  toPrimary(message: FromLikesServer, forged?: Forged<FromLikesServer>): void;
  toLikesServer(message: FromPrimary, forged?: Forged<FromPrimary>): void;
  writableUp(): void;
  writableDown(): void;
  endAtPrimary(): void;
  endAtLikesServer(reason: string): void;
}

/** A stream between one life of a LikesServer and one of the primary. */
export class SimulatedStream {
  readonly up: Pipe<FromLikesServer>;
  readonly down: Pipe<FromPrimary>;
  readonly #ends: StreamEnds;
  readonly #forgedUp = new Map<FromLikesServer, Forged<FromLikesServer>>();
  readonly #forgedDown = new Map<FromPrimary, Forged<FromPrimary>>();
  isEnded = false;
  /** Whether a direction of it is dead, of which its ends may not know yet. */
  isHalfOpen = false;
  /** What arrived first of each: a broken peer says it again. */
  hello: Hello | undefined;
  welcome: Welcome | undefined;
  oldPulse: Pulse | undefined;

  constructor(world: Surroundings, machine: Machine, ends: StreamEnds) {
    this.#ends = ends;
    const { likesServer, primary } = ends;
    this.up = new Pipe<FromLikesServer>(world, machine, true, {
      sender: likesServer,
      receiver: primary,
      take: (message) => {
        if (message.type === "hello") this.hello ??= message;
        ends.toPrimary(message, this.#forgedUp.get(message));
      },
      writable: () => ends.writableUp(),
    });
    this.down = new Pipe<FromPrimary>(world, machine, false, {
      sender: primary,
      receiver: likesServer,
      take: (message) => {
        if (message.type === "welcome") this.welcome ??= message;
        if (message.type === "pulse") this.oldPulse ??= message;
        ends.toLikesServer(message, this.#forgedDown.get(message));
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

  /** The LikesServer is broken, and says this too. */
  forgeUp(forged: Forged<FromLikesServer>): boolean {
    const copy = { ...forged.message };
    this.#forgedUp.set(copy, { ...forged, message: copy });
    return this.up.forge(copy);
  }

  /** The primary is broken, and says this too. */
  forgeDown({ message, endsStream }: Forged<FromPrimary>): boolean {
    const copy = { ...message };
    this.#forgedDown.set(copy, { message: copy, endsStream });
    return this.down.forge(copy);
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

  /** The network broke it. Each side learns of that in its own time, or never. */
  break(): void {
    this.isEnded = true;
    this.up.end(() => this.#ends.endAtPrimary());
    this.down.end(() => this.#ends.endAtLikesServer("broken"));
  }

  /** One direction is dead, or both are, and nobody is told. */
  halfOpen(up: boolean, down: boolean): void {
    this.isHalfOpen = true;
    if (up) this.up.cut();
    if (down) this.down.cut();
  }
}
