/**
 * Judges whether a run is exact. The parent reads each outbox and asks each process for itself. It
 * never relies on what the primary says about the others. Pure.
 */
import { generatedEvents } from "./generator_mark.ts";
import type { OutboxTally } from "../store/outbox/outbox_reader.ts";

/** The primary's name among the processes of a run. */
export const PRIMARY = "primary";

/** The total that one process shows; undefined when it did not answer. */
export interface Shown {
  readonly name: string;
  readonly totalLikes: bigint | undefined;
}

/** One observation: first the outboxes were read, then all processes were asked. */
export interface Observation {
  /** All outboxes of the data folder. */
  readonly outboxes: readonly OutboxTally[];
  /** Likes that persons give, less those of adds that were repeated with their operation. */
  readonly givenLikes: bigint;
  /** Unreadable outboxes, one `SERVER: REASON` each. With any of them, a run is undecided. */
  readonly unreadable: readonly string[];
  readonly shown: readonly Shown[];
  /** Whether the primary says converged everywhere, and all generators have stopped. */
  readonly everywhere: boolean;
  /** What is still awaited, at most one text per member and cause. */
  readonly outstanding: readonly string[];
}

/** The expected events of one generator in a run. */
interface GeneratorPart {
  readonly serverId: string;
  /** Events due, by its interval and the run's duration. */
  readonly dueEvents: number;
  /** Events that generators had added to its outbox before the run. */
  readonly earlierEvents: number;
}

/** The expected result of a run. */
export interface Expected {
  readonly generators: readonly GeneratorPart[];
  /** Events of all outboxes before the run. */
  readonly earlierEvents: number;
  /** Absent when the outboxes have likes of earlier runs, which are not recomputed. */
  readonly seedLikes?: SeedLikes | undefined;
}

/** The events of one generator in a run. */
export interface GeneratorTally {
  readonly serverId: string;
  readonly dueEvents: number;
  /** Undefined when its outbox could not be read. */
  readonly addedEvents: number | undefined;
}

/**
 * Returns the likes that the seed yields for the first events of each server. Undefined with a
 * server that does not use the seed.
 */
export type SeedLikes = (events: ReadonlyMap<string, number>) => bigint | undefined;

/** The verdict on an observation. */
export interface Verdict {
  /**
   * Undecided when an outbox cannot be read, and when the sums agree but a generator added none of
   * its due events. Adding only some of them is fine: machines are slow.
   */
  readonly outcome: "exact" | "inexact" | "undecided";
  /** Whether every process shows the accepted likes, and the primary says converged everywhere. */
  readonly converged: boolean;
  readonly acceptedLikes: bigint;
  readonly events: number;
  /** Events accepted in this run. */
  readonly newEvents: number;
  /** The primary's total. */
  readonly totalLikes: bigint | undefined;
  /** The likes that the seed yields; undefined when not all likes were generated in this run. */
  readonly seedLikes: bigint | undefined;
  /** Number of processes that show the accepted likes. */
  readonly showing: number;
  /** The processes that do not. */
  readonly differing: readonly Shown[];
  readonly unreadable: readonly string[];
  readonly outstanding: readonly string[];
  readonly generators: readonly GeneratorTally[];
  /** The generators that added nothing although events were due. */
  readonly idle: readonly GeneratorTally[];
}

/** Judges an observation. */
export function judge(observation: Observation, expected: Expected): Verdict {
  const { outboxes, givenLikes, unreadable, shown, everywhere, outstanding } = observation;
  const acceptedLikes = outboxes.reduce((sum, { likes }) => sum + likes, givenLikes);
  const events = outboxes.reduce((sum, outbox) => sum + outbox.events, 0);
  const { seedLikes, earlierEvents } = expected;
  const ofSeed = seedLikes === undefined ? undefined : likesOfSeed(outboxes, seedLikes);
  const differing = shown.filter(({ totalLikes }) => totalLikes !== acceptedLikes);
  const matches = differing.length === 0 && (ofSeed ?? acceptedLikes) === acceptedLikes;
  const isRead = unreadable.length === 0;
  const generators = expected.generators.map((part) => tallyOf(part, outboxes));
  const idle = generators.filter(
    ({ dueEvents, addedEvents }) => dueEvents > 0 && addedEvents === 0,
  );
  const isDecided = isRead && (!matches || idle.length === 0);
  return {
    outcome: !isDecided ? "undecided" : matches ? "exact" : "inexact",
    converged: isRead && matches && everywhere,
    acceptedLikes,
    events,
    newEvents: events - earlierEvents,
    totalLikes: shown.find(({ name }) => name === PRIMARY)?.totalLikes,
    seedLikes: ofSeed,
    showing: shown.length - differing.length,
    differing,
    unreadable,
    outstanding,
    generators,
    idle,
  };
}

function tallyOf(part: GeneratorPart, outboxes: readonly OutboxTally[]): GeneratorTally {
  const { serverId, dueEvents, earlierEvents } = part;
  const outbox = outboxes.find((one) => one.serverId === serverId);
  const addedEvents = outbox && generatedEvents(outbox.mark) - earlierEvents;
  return { serverId, dueEvents, addedEvents };
}

/** Recomputes the likes from the seed; undefined when some came from elsewhere. */
function likesOfSeed(outboxes: readonly OutboxTally[], seedLikes: SeedLikes): bigint | undefined {
  const areGenerated = outboxes.every(({ events, mark }) => generatedEvents(mark) === events);
  if (!areGenerated) return undefined;
  return seedLikes(new Map(outboxes.map(({ serverId, events }) => [serverId, events])));
}
