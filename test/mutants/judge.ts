/**
 * Judges a run: some suite must find every planted bug. The baseline names the suite that found
 * each one, and that suite runs first.
 */
import { CANARY_WORDS, IDENTITY, isProof } from "./list.ts";
import { SIMULATOR } from "./suites.ts";
import type { Outcome } from "./try_mutant.ts";

/** The suite that kills each mutant, by name. */
export type Baseline = Readonly<Record<string, string>>;

/** Returns the problems of a run. */
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

/** Returns `before`, updated with a run and sorted by name. It omits mutants never killed. */
export function baselineOf(outcomes: readonly Outcome[], before: Baseline): Baseline {
  const killed = outcomes.flatMap(({ name, killedBy }) => {
    return !isProof(name) && killedBy !== undefined ? [[name, killedBy] as const] : [];
  });
  const all = Object.entries({ ...before, ...Object.fromEntries(killed) });
  return Object.fromEntries(all.toSorted(([a], [b]) => (a < b ? -1 : 1)));
}

/** Returns `12 killed, 1 survived`, without canaries and identity. */
export function summaryOf(outcomes: readonly Outcome[]): string {
  const mutants = outcomes.filter(({ name }) => !isProof(name));
  const killed = mutants.filter(({ killedBy }) => killedBy !== undefined);
  const simulated = killed.filter(({ killedBy }) => killedBy === SIMULATOR);
  return (
    `${killed.length} killed, ${mutants.length - killed.length} survived ` +
    `(${simulated.length} killed by the simulator)`
  );
}
