/**
 * The persons of a world, each with a few devices, and clients that name their adds. A device knows
 * what it has set and what it has read, so it may be behind another one of the same person.
 */
import type { WishRequest } from "../../src/core/likes_server/wishes.ts";
import type { ClientId, PersonId } from "../../src/core/protocol/ids.ts";
import type { LikeEvent } from "../../src/core/protocol/like_event.ts";
import type { Operation } from "../../src/core/protocol/operation.ts";
import { UNSET, compareStates } from "../../src/core/protocol/register.ts";
import type { RegisterState } from "../../src/core/protocol/register.ts";
import { REACTIONS } from "./oracle/ledger_model.ts";
import type { Random } from "./random.ts";

const PERSONS = 5;
const ITEMS = 3;
const DEVICES = 3;
/** The share of sets before which a device reads what the others have set. */
const READ_SHARE = 0.3;
/** The share of operations after which a client leaves numbers out. */
const GAP_SHARE = 0.2;

/** All persons and clients of a world. */
export class Persons {
  readonly #persons: readonly PersonId[];
  readonly #clients: readonly ClientId[];
  /** What each device knows of each register. */
  readonly #known = new Map<string, RegisterState>();
  readonly #numbers = new Map<ClientId, number>();

  constructor(random: Random) {
    this.#persons = Array.from({ length: PERSONS }, () => random.id());
    this.#clients = [random.id(), random.id()];
  }

  one(random: Random): PersonId {
    return random.pick(this.#persons);
  }

  /** Returns what a person without a device wants. */
  wish(random: Random): WishRequest["wish"] {
    const likes = random.pick([0, 1, 1, 7]);
    const reaction = likes === 0 ? 0 : random.whole(1, REACTIONS);
    const itemId = `p${random.whole(1, ITEMS)}`;
    return { itemId, person: this.one(random), wanted: { reaction, likes } };
  }

  /** Returns what a device sets next. */
  set(random: Random): LikeEvent {
    const person = this.one(random);
    const itemId = `p${random.whole(1, ITEMS)}`;
    const nameOf = (device: number) => `${person} ${itemId} ${device}`;
    const devices = Array.from({ length: DEVICES }, (_, device) => {
      return this.#known.get(nameOf(device)) ?? UNSET;
    });
    const device = random.whole(0, DEVICES - 1);
    const greatest = devices.reduce((one, other) => (compareStates(one, other) < 0 ? other : one));
    const base = random.chance(READ_SHARE) ? greatest : (devices[device] ?? UNSET);
    const likes = base.likes > 0 && random.chance(0.6) ? 0 : random.pick([1, 1, 1, 7]);
    const reaction = likes === 0 ? 0 : random.whole(1, REACTIONS);
    const state = { revision: base.revision + 1, reaction, likes };
    this.#known.set(nameOf(device), state);
    return { itemId, change: { kind: "set", person, state } };
  }

  /** Returns an event that forgets a person. The person's devices do not know, and go on. */
  forget(random: Random): LikeEvent {
    const change = {
      kind: "forget",
      person: this.one(random),
      withdraw: random.chance(0.5),
    } as const;
    return { itemId: "", change };
  }

  /** Returns the name of a new add. */
  operation(random: Random): Operation {
    const client = random.pick(this.#clients);
    const number = this.#numbers.get(client) ?? 1;
    this.#numbers.set(client, number + (random.chance(GAP_SHARE) ? random.whole(2, 70) : 1));
    return { client, number };
  }
}
