/**
 * What a run has to amount to. The baseline is the committed list of all mutants, each with the suite
 * that kills it, so neither a mutant nor a kill by the simulator goes missing in silence.
 */
import { CANARY_WORDS, IDENTITY, isProof } from "./list.ts";
import { SIMULATOR } from "./suites.ts";
import type { Outcome } from "./try_mutant.ts";

/** The suite that kills each mutant. */
export type Baseline = Readonly<Record<string, string>>;

const WRITE = "npm run mutants -- --write";

/** What is wrong with a run. `isWhole`: it tried every mutant. */
export function problemsOf(
  outcomes: readonly Outcome[],
  baseline: Baseline,
  isWhole: boolean,
): readonly string[] {
  const tried = new Set(outcomes.map(({ name }) => name));
  const missing = isWhole ? Object.keys(baseline).filter((name) => !tried.has(name)) : [];
  return [
    ...outcomes.flatMap((outcome) => problemOf(outcome, baseline[outcome.name]) ?? []),
    ...missing.map((name) => `${name} is in the baseline, and is no mutant any more; ${WRITE}`),
  ];
}

function problemOf(outcome: Outcome, before: string | undefined): string | undefined {
  const { name, killedBy, how, isBroken, output } = outcome;
  if (name === IDENTITY.name) {
    if (killedBy === undefined) return undefined;
    return `${name} was killed by ${killedBy}, ${how}: the source fails as it is`;
  }
  if (isProof(name)) {
    if (killedBy !== undefined && output.includes(CANARY_WORDS)) return undefined;
    return `${name} was not heard: what is planted is not what runs`;
  }
  if (isBroken) return `${name} is no program: mend its replacement`;
  if (killedBy === undefined) return `${name} SURVIVED; add a test that fails with it`;
  if (before === undefined) return `${name} is not in the baseline; ${WRITE}`;
  if (before !== SIMULATOR || killedBy === SIMULATOR) return undefined;
  return `${name} was killed by the simulator, and is now by ${killedBy} alone`;
}

/** `before` with what was tried since, by name. What never was killed has no place in it. */
export function baselineOf(outcomes: readonly Outcome[], before: Baseline): Baseline {
  const killed = outcomes.flatMap(({ name, killedBy }) => {
    return !isProof(name) && killedBy !== undefined ? [[name, killedBy] as const] : [];
  });
  const all = Object.entries({ ...before, ...Object.fromEntries(killed) });
  return Object.fromEntries(all.toSorted(([a], [b]) => (a < b ? -1 : 1)));
}

/** `12 killed, 1 survived`: of the mutants, without canaries and identity. */
export function summaryOf(outcomes: readonly Outcome[]): string {
  const mutants = outcomes.filter(({ name }) => !isProof(name));
  const killed = mutants.filter(({ killedBy }) => killedBy !== undefined);
  const simulated = killed.filter(({ killedBy }) => killedBy === SIMULATOR);
  return (
    `${killed.length} killed, ${mutants.length - killed.length} survived ` +
    `(${simulated.length} killed by the simulator)`
  );
}
