/**
 * Whether a run is exact: judged by the parent from what it read and asked itself, never from the
 * primary's word about the others. Pure.
 */
import type { OutboxTally } from "../store/outbox_reader.ts";

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
  /** Whether the primary's status says that it is converged everywhere. */
  readonly everywhere: boolean;
  /** What the primary still waits for, a text a member. */
  readonly outstanding: readonly string[];
}

/**
 * What the seed gives for the first `events` events of a server; undefined for one that does not
 * generate from it.
 */
export type SeedLikes = (serverId: string, events: number) => bigint | undefined;

/** The judgement of an observation. */
export interface Verdict {
  readonly outcome: "exact" | "inexact" | "undecided";
  /** Every process shows the accepted likes, and the primary says that nothing is outstanding. */
  readonly converged: boolean;
  readonly acceptedLikes: bigint;
  readonly events: number;
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
}

/** Judges. Without `seedLikes` the likes are not computed again. */
export function judge(observation: Observation, seedLikes?: SeedLikes): Verdict {
  const { outboxes, unreadable, shown, everywhere, outstanding } = observation;
  const acceptedLikes = outboxes.reduce((sum, { likes }) => sum + likes, 0n);
  const ofSeed = seedLikes === undefined ? undefined : likesOfSeed(outboxes, seedLikes);
  const differing = shown.filter(({ totalLikes }) => totalLikes !== acceptedLikes);
  const matches = differing.length === 0 && (ofSeed ?? acceptedLikes) === acceptedLikes;
  const isDecided = unreadable.length === 0;
  return {
    outcome: !isDecided ? "undecided" : matches ? "exact" : "inexact",
    converged: isDecided && matches && everywhere,
    acceptedLikes,
    events: outboxes.reduce((sum, { events }) => sum + events, 0),
    totalLikes: shown.find(({ name }) => name === PRIMARY)?.totalLikes,
    seedLikes: ofSeed,
    showing: shown.length - differing.length,
    differing,
    unreadable,
    outstanding,
  };
}

/** The likes again, from the seed; undefined when some came from elsewhere. */
function likesOfSeed(outboxes: readonly OutboxTally[], seedLikes: SeedLikes): bigint | undefined {
  let sum = 0n;
  for (const { serverId, events, generatedEvents } of outboxes) {
    const likes = generatedEvents === events ? seedLikes(serverId, events) : undefined;
    if (likes === undefined) return undefined;
    sum += likes;
  }
  return sum;
}
