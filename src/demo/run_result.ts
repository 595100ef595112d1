/** What a run came to. */
import type { Verdict } from "./verdict.ts";

/** How a run ended. */
export interface RunResult {
  readonly verdict: Verdict;
  /** From the start to the end of the giving. */
  readonly durationMs: number;
  /**
   * From the last like to the moment when all processes showed it; undefined when they did not, or
   * when no like was given.
   */
  readonly convergedAfterMs: number | undefined;
  /** A child that died again and again was given up. */
  readonly givenUp: boolean;
  /** How often the primary was started again. */
  readonly primaryRestarts: number;
  readonly servers: readonly ServerResult[];
}

/** What became of one LikesServer. */
export interface ServerResult {
  readonly serverId: string;
  readonly intervalMs: number;
  /** How often it was started again. */
  readonly restarts: number;
  readonly events: number;
  readonly acceptedLikes: bigint;
  /** The total that it shows; undefined when it does not answer. */
  readonly knownTotalLikes: bigint | undefined;
}
