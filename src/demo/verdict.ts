/**
 * Whether a run is exact: judged by the parent from what it read and asked itself, never from the
 * primary's word about the others. Pure.
 */
import { generatedEvents } from "./generator_mark.ts";
import type { OutboxTally } from "../store/outbox/outbox_reader.ts";

/** The primary's name among the processes of a run. */
export const PRIMARY = "primary";

/** What one process shows, when it was asked: `undefined` when it did not answer. */
export interface Shown {
  readonly name: string;
  readonly totalLikes: bigint | undefined;
}

/** What was found at one moment: first the outboxes were read, then all processes were asked. */
export interface Observation {
  /** All outboxes of the data folder. */
  readonly outboxes: readonly OutboxTally[];
  /** Which outboxes could not be read and why, the server named; then nothing can be decided. */
  readonly unreadable: readonly string[];
  readonly shown: readonly Shown[];
  /** Whether the primary's status says that it is converged everywhere, and nobody gives any more. */
  readonly everywhere: boolean;
  /** What is still waited for, a text a member. */
  readonly outstanding: readonly string[];
}

/** What one generator had to give in a run. */
interface GeneratorPart {
  readonly serverId: string;
  /** Events that were due, by its interval and the time for which was given. */
  readonly dueEvents: number;
  /** Events that generators had given into its outbox before the run. */
  readonly earlierEvents: number;
}

/** What a run had to come to. */
export interface Expected {
  readonly generators: readonly GeneratorPart[];
  /** Events of all outboxes before the run. */
  readonly earlierEvents: number;
  /** Absent when likes of earlier runs are in the outboxes: they are not computed again. */
  readonly seedLikes?: SeedLikes | undefined;
}

/** What one generator gave in a run. */
export interface GeneratorTally {
  readonly serverId: string;
  readonly dueEvents: number;
  /** Undefined when its outbox could not be read. */
  readonly givenEvents: number | undefined;
}

/**
 * What the seed gives for the first `events` events of a server; undefined for one that does not
 * generate from it.
 */
export type SeedLikes = (serverId: string, events: number) => bigint | undefined;

/** The judgement of an observation. */
export interface Verdict {
  /**
   * Undecided when an outbox cannot be read, and when a generator gave nothing of what was due: sums
   * that agree show nothing then. How much less than due it gave decides nothing: machines are slow.
   */
  readonly outcome: "exact" | "inexact" | "undecided";
  /** Every process shows the accepted likes, and the primary says that nothing is outstanding. */
  readonly converged: boolean;
  readonly acceptedLikes: bigint;
  readonly events: number;
  /** Those of the events that were accepted in this run. */
  readonly newEvents: number;
  /** What the primary shows. */
  readonly totalLikes: bigint | undefined;
  /** What the seed gives; undefined when not all likes were generated in this run. */
  readonly seedLikes: bigint | undefined;
  /** How many processes show the accepted likes. */
  readonly showing: number;
  /** Those that do not. */
  readonly differing: readonly Shown[];
  readonly unreadable: readonly string[];
  readonly outstanding: readonly string[];
  readonly generators: readonly GeneratorTally[];
  /** Those of the generators that gave nothing, although something was due. */
  readonly idle: readonly GeneratorTally[];
}

/** Judges. */
export function judge(observation: Observation, expected: Expected): Verdict {
  const { outboxes, unreadable, shown, everywhere, outstanding } = observation;
  const acceptedLikes = outboxes.reduce((sum, { likes }) => sum + likes, 0n);
  const events = outboxes.reduce((sum, outbox) => sum + outbox.events, 0);
  const { seedLikes, earlierEvents } = expected;
  const ofSeed = seedLikes === undefined ? undefined : likesOfSeed(outboxes, seedLikes);
  const differing = shown.filter(({ totalLikes }) => totalLikes !== acceptedLikes);
  const matches = differing.length === 0 && (ofSeed ?? acceptedLikes) === acceptedLikes;
  const isRead = unreadable.length === 0;
  const generators = expected.generators.map((part) => tallyOf(part, outboxes));
  const idle = generators.filter(
    ({ dueEvents, givenEvents }) => dueEvents > 0 && givenEvents === 0,
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
  const givenEvents = outbox && generatedEvents(outbox.mark) - earlierEvents;
  return { serverId, dueEvents, givenEvents };
}

/** The likes again, from the seed; undefined when some came from elsewhere. */
function likesOfSeed(outboxes: readonly OutboxTally[], seedLikes: SeedLikes): bigint | undefined {
  let sum = 0n;
  for (const { serverId, events, mark } of outboxes) {
    const likes = generatedEvents(mark) === events ? seedLikes(serverId, events) : undefined;
    if (likes === undefined) return undefined;
    sum += likes;
  }
  return sum;
}
