/**
 * What a run has to amount to: every planted bug is found, by whichever suite. The baseline says which
 * suite found each, and that suite is tried first.
 */
import { CANARY_WORDS, IDENTITY, isProof } from "./list.ts";
import { SIMULATOR } from "./suites.ts";
import type { Outcome } from "./try_mutant.ts";

/** The suite that kills each mutant. */
export type Baseline = Readonly<Record<string, string>>;

/** Returns what is wrong with a run. */
export function problemsOf(outcomes: readonly Outcome[]): readonly string[] {
  return outcomes.flatMap((outcome) => problemOf(outcome) ?? []);
}

function problemOf(outcome: Outcome): string | undefined {
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
  return killedBy === undefined ? `${name} SURVIVED; add a test that fails with it` : undefined;
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
