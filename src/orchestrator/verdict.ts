/**
 * Whether a run is exact: judged by the parent from what it read and asked itself, never from the
 * primary's word about the others. Pure.
 */
import type { OutboxTally } from "../store/outbox_reader.ts";

/** What one process shows, when it was asked: `undefined` when it did not answer. */
export interface Shown {
  readonly name: string;
  readonly totalLikes: bigint | undefined;
}

/** What was found at one moment: first the outboxes were read, then all processes were asked. */
export interface Observation {
  /** All outboxes of the data folder. */
  readonly outboxes: readonly OutboxTally[];
  /** Why an outbox could not be read, the server named; then nothing can be decided. */
  readonly unreadable: readonly string[];
  readonly shown: readonly Shown[];
  /** Whether the primary's status says that it is converged everywhere. */
  readonly everywhere: boolean;
}

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
  readonly showing: number;
  /** Processes that do not show the accepted likes, the others' names and by how much. */
  readonly differing: readonly Shown[];
  readonly unreadable: readonly string[];
}

/** Judges. `seedLikes` computes a server's likes from the seed, for its number of events. */
export function judge(
  { outboxes, unreadable, shown, everywhere }: Observation,
  seedLikes: ((serverId: string, events: number) => bigint) | undefined,
): Verdict {
  const acceptedLikes = outboxes.reduce((sum, { likes }) => sum + likes, 0n);
  const events = outboxes.reduce((sum, outbox) => sum + outbox.events, 0);
  const generated = outboxes.every((outbox) => outbox.generatedEvents === outbox.events);
  const fromSeed =
    generated && seedLikes !== undefined
      ? outboxes.reduce((sum, { serverId, events }) => sum + seedLikes(serverId, events), 0n)
      : undefined;
  const differing = shown.filter(({ totalLikes }) => totalLikes !== acceptedLikes);
  const matches = differing.length === 0 && (fromSeed ?? acceptedLikes) === acceptedLikes;
  return {
    outcome: unreadable.length > 0 ? "undecided" : matches ? "exact" : "inexact",
    converged: unreadable.length === 0 && matches && everywhere,
    acceptedLikes,
    events,
    totalLikes: shown.find(({ name }) => name === PRIMARY)?.totalLikes,
    seedLikes: fromSeed,
    showing: shown.length - differing.length,
    differing,
    unreadable,
  };
}

/** The primary's name among the processes of a run. */
export const PRIMARY = "primary";
