/** What a check of the oracle throws: the world is wrong, or the oracle is. */
export class SimulationFailure extends Error {
  override readonly name = "SimulationFailure";
}

/** Throws unless `condition` holds. `text` is built only then. */
export function expect(condition: boolean, text: () => string): asserts condition {
  if (!condition) throw new SimulationFailure(text());
}
