/**
 * What came of some seeds: failures, what fired, and how much happened, against runs that test
 * nothing.
 */
import { FAULT_KINDS, noFaults } from "./faults.ts";
import type { FaultCounts, FaultKind } from "./faults.ts";

/** A seed that failed, and the first thing that was wrong. */
interface Failure {
  readonly seed: number;
  readonly text: string;
}

/** How much happened, beside faults. */
export interface Happened {
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

/** The sum of some seeds. It is plain data: workers send theirs. */
export interface Tally {
  seeds: number;
  failed: number;
  /** The first of them. */
  readonly failures: Failure[];
  /** Seeds whose plan asked for a kind of fault. */
  readonly asked: FaultCounts;
  /** How often each took effect. */
  readonly fired: FaultCounts;
  readonly happened: Happened;
}

/** Failures that are kept with their text. */
const FAILURES_KEPT_MAX = 20;
/** Seeds that ask for a kind of fault without one that fires, before that is a failure. */
const SILENT_SEEDS_MAX = 100;

/** Nothing yet. */
export function newTally(): Tally {
  const happened = {
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
  return { seeds: 0, failed: 0, failures: [], asked: noFaults(), fired: noFaults(), happened };
}

/** Adds what came of other seeds to `sum`. */
export function addTally(sum: Tally, other: Tally): void {
  sum.seeds += other.seeds;
  sum.failed += other.failed;
  for (const failure of other.failures) {
    if (sum.failures.length < FAILURES_KEPT_MAX) sum.failures.push(failure);
  }
  for (const kind of FAULT_KINDS) {
    sum.asked[kind] += other.asked[kind];
    sum.fired[kind] += other.fired[kind];
  }
  for (const name of Object.keys(sum.happened) as (keyof Happened)[]) {
    sum.happened[name] += other.happened[name];
  }
}

/** The kinds of fault that many plans asked for and that never took effect: they test nothing. */
export function neverFired({ asked, fired }: Tally): readonly FaultKind[] {
  return FAULT_KINDS.filter((kind) => fired[kind] === 0 && asked[kind] >= SILENT_SEEDS_MAX);
}

/** The table of what fired: the kind, the seeds that asked for it, and how often it took effect. */
export function firedTable({ asked, fired }: Tally): readonly string[] {
  return FAULT_KINDS.map((kind) => {
    return `${kind.padEnd(24)} ${String(asked[kind]).padStart(9)} ${String(fired[kind]).padStart(11)}`;
  });
}
