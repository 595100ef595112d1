/**
 * Delivery streams of a simulated world: in order each way, late, cut, or cut for one side only.
 */
import type { FromLikesServer, FromPrimary } from "../../src/core/messages.ts";
import type { Agenda, Random } from "./virtual_time.ts";

/**
 * One direction of a stream. What was sent arrives in order; after a cut a part of it may still.
 */
class Pipe<Message> {
  readonly #agenda: Agenda;
  readonly #random: Random;
  readonly #deliver: (message: Message) => void;
  #lastMs = 0;
  #isOpen = true;
  #lostAfterMs = Infinity;

  constructor(agenda: Agenda, random: Random, deliver: (message: Message) => void) {
    this.#agenda = agenda;
    this.#random = random;
    this.#deliver = deliver;
  }

  send(message: Message): void {
    if (this.#isOpen) this.#arrive(() => this.#deliver(message));
  }

  /** Makes everything that is sent from now on late. */
  stall(stallMs: number): void {
    this.#lastMs = Math.max(this.#lastMs, this.#agenda.nowMs + stallMs);
  }

  /** Takes no more. What is under way arrives, or only its beginning does, or nothing of it. */
  cut(): void {
    this.#isOpen = false;
    const underWayMs = Math.max(this.#lastMs - this.#agenda.nowMs, 0);
    const kept = this.#random.pick([0, this.#random.next(), 1]);
    this.#lostAfterMs = Math.min(this.#lostAfterMs, this.#agenda.nowMs + kept * underWayMs);
  }

  /** Tells the receiver of the end, behind what still arrives: soon, late or never. */
  end(tell: () => void): void {
    this.cut();
    if (this.#random.chance(0.15)) return;
    const lateMs = this.#random.chance(0.3) ? this.#random.whole(0, 12_000) : 0;
    const atMs = Math.min(this.#lastMs, this.#lostAfterMs) - this.#agenda.nowMs;
    this.#agenda.after(Math.max(atMs, 0) + lateMs + this.#random.next(), tell);
  }

  #arrive(task: () => void): void {
    const delayMs = this.#random.chance(0.02) ? this.#random.next() * 400 : this.#random.next() * 8;
    this.#lastMs = Math.max(this.#lastMs, this.#agenda.nowMs + delayMs);
    const atMs = this.#lastMs;
    this.#agenda.after(atMs - this.#agenda.nowMs, () => {
      if (atMs <= this.#lostAfterMs) task();
    });
  }
}

/** What the two processes at the ends of a stream want to hear. */
export interface StreamEnds {
  toPrimary(message: FromLikesServer): void;
  toLikesServer(message: FromPrimary): void;
  endAtPrimary(): void;
  endAtLikesServer(reason: string): void;
}

/** A stream between one life of a LikesServer and one of the primary. */
export class SimulatedStream {
  readonly up: Pipe<FromLikesServer>;
  readonly down: Pipe<FromPrimary>;
  readonly #ends: StreamEnds;

  constructor(agenda: Agenda, random: Random, ends: StreamEnds) {
    this.#ends = ends;
    this.up = new Pipe<FromLikesServer>(agenda, random, (message) => ends.toPrimary(message));
    this.down = new Pipe<FromPrimary>(agenda, random, (message) => ends.toLikesServer(message));
  }

  /** The LikesServer hung up or died. */
  endByLikesServer(): void {
    this.down.cut();
    this.up.end(() => this.#ends.endAtPrimary());
  }

  /** The primary hung up or died. */
  endByPrimary(reason: string): void {
    this.up.cut();
    this.down.end(() => this.#ends.endAtLikesServer(reason));
  }

  /** The network broke it. Each side learns of that in its own time, or never. */
  break(): void {
    this.up.end(() => this.#ends.endAtPrimary());
    this.down.end(() => this.#ends.endAtLikesServer("broken"));
  }
}
