/** The result of a run. */
import type { Verdict } from "./verdict.ts";

/** How a run ended. */
export interface RunResult {
  readonly verdict: Verdict;
  /** How long the generators ran. */
  readonly durationMs: number;
  /**
   * From the last like until all processes showed it; undefined when they did not, or when no likes
   * were added.
   */
  readonly convergedAfterMs: number | undefined;
  /** Whether a child died too often to be restarted again. */
  readonly givenUp: boolean;
  /** Number of restarts of the primary. */
  readonly primaryRestarts: number;
  readonly servers: readonly ServerResult[];
}

/** The result of one LikesServer. */
export interface ServerResult {
  readonly serverId: string;
  readonly intervalMs: number;
  /** Number of restarts. */
  readonly restarts: number;
  readonly events: number;
  readonly acceptedLikes: bigint;
  /** The total that it shows; undefined when it does not answer. */
  readonly knownTotalLikes: bigint | undefined;
}
