/** The error of a failed check: the world is wrong, or the oracle is. */
export class SimulationFailure extends Error {
  override readonly name = "SimulationFailure";
}

/** Throws unless `condition` holds. Only then is `text` built. */
export function expect(condition: boolean, text: () => string): asserts condition {
  if (!condition) throw new SimulationFailure(text());
}
