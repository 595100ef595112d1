/**
 * The tally of some seeds: failures, faults that took effect, and activity. Activity shows that a
 * run tests something.
 */
import { FAULT_KINDS, noFaults } from "./faults.ts";
import type { FaultCounts, FaultKind } from "./faults.ts";

/** A failed seed and its first failure. */
interface Failure {
  readonly seed: number;
  readonly text: string;
}

/** What happened, beside faults. */
export interface Activity {
  steps: number;
  simulatedMs: number;
  attempted: number;
  accepted: number;
  refused: number;
  counted: number;
  commits: number;
  converged: number;
  fetched: number;
  decided: number;
}

/** The sum of some seeds. It is plain data, because workers send theirs. */
export interface Tally {
  seeds: number;
  failed: number;
  /** The first failures. */
  readonly failures: Failure[];
  /** How many seeds planned each kind of fault. */
  readonly planned: FaultCounts;
  /** How often each kind took effect. */
  readonly fired: FaultCounts;
  readonly activity: Activity;
}

/** How many failures keep their text. */
const FAILURES_KEPT_MAX = 20;
/** A kind that so many seeds planned must have taken effect. */
const SILENT_SEEDS_MAX = 100;

/** Returns an empty tally. */
export function newTally(): Tally {
  const activity = {
    steps: 0,
    simulatedMs: 0,
    attempted: 0,
    accepted: 0,
    refused: 0,
    counted: 0,
    commits: 0,
    converged: 0,
    fetched: 0,
    decided: 0,
  };
  return { seeds: 0, failed: 0, failures: [], planned: noFaults(), fired: noFaults(), activity };
}

/** Adds `other` to `sum`. */
export function addTally(sum: Tally, other: Tally): void {
  sum.seeds += other.seeds;
  sum.failed += other.failed;
  for (const failure of other.failures) {
    if (sum.failures.length < FAILURES_KEPT_MAX) sum.failures.push(failure);
  }
  for (const kind of FAULT_KINDS) {
    sum.planned[kind] += other.planned[kind];
    sum.fired[kind] += other.fired[kind];
  }
  for (const name of Object.keys(sum.activity) as (keyof Activity)[]) {
    sum.activity[name] += other.activity[name];
  }
}

/**
 * Returns the kinds of fault that many seeds planned and that never took effect: they test nothing.
 */
export function neverFired({ planned, fired }: Tally): readonly FaultKind[] {
  return FAULT_KINDS.filter((kind) => fired[kind] === 0 && planned[kind] >= SILENT_SEEDS_MAX);
}

/** Returns a table: each kind, the seeds that planned it, and how often it took effect. */
export function firedTable({ planned, fired }: Tally): readonly string[] {
  return FAULT_KINDS.map((kind) => {
    const counts = [String(planned[kind]).padStart(9), String(fired[kind]).padStart(11)];
    return [kind.padEnd(24), ...counts].join(" ");
  });
}
