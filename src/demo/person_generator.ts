/**
 * The demonstration's source of persons who like, take back, and try again elsewhere. Like the
 * generator of numbers it keeps no state: each event is a function of the seed and its index.
 *
 * The event after k others has revision k + 1, and gives a like if that is odd. A third of the
 * events are the same at all LikesServers: the person sends the same set to each of them.
 */
import { PLAIN_LIKE, compareStates } from "../core/protocol/register.ts";
import type { RegisterState } from "../core/protocol/register.ts";
import { hash } from "./generator.ts";
import type { GeneratorPlan } from "./generator.ts";

/** One event in this many is the same everywhere. */
const SHARED_EVENTS = 3;

/** What a person sets. */
export interface PersonSet {
  readonly subject: string;
  readonly state: RegisterState;
}

/** Returns the set after `eventsAccepted` events of a generator. */
export function setAt(plan: GeneratorPlan, eventsAccepted: number): PersonSet {
  const isShared = eventsAccepted % SHARED_EVENTS === 0;
  const where = isShared ? "everywhere" : plan.serverId;
  const person = hash(`${plan.seed}/person/${where}/${eventsAccepted}`) % plan.persons;
  const revision = eventsAccepted + 1;
  const likes = revision % 2;
  const reaction = likes === 0 ? 0 : PLAIN_LIKE;
  return { subject: `person-${person}`, state: { revision, reaction, likes } };
}

/** The likes that persons give, as generators add events. */
export class PersonLikes {
  readonly #states = new Map<string, RegisterState>();
  /** The events of each generator that are in the states. */
  readonly #events = new Map<string, number>();

  /** Adds the events of a generator that are new. */
  add(plan: GeneratorPlan, events: number): void {
    const from = this.#events.get(plan.serverId) ?? 0;
    for (let event = from; event < events; event++) {
      const { subject, state } = setAt(plan, event);
      const known = this.#states.get(subject);
      if (known === undefined || compareStates(state, known) > 0) this.#states.set(subject, state);
    }
    this.#events.set(plan.serverId, Math.max(from, events));
  }

  get likes(): bigint {
    let sum = 0;
    for (const { likes } of this.#states.values()) sum += likes;
    return BigInt(sum);
  }
}
