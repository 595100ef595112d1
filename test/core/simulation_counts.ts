/** What is counted in a simulated run, against tests that test nothing. */
export const NOTHING_HAPPENED = {
  accepted: 0,
  refused: 0,
  applied: 0,
  converged: 0,
  left: 0,
  commits: 0,
  /** Answers for an item whose own likes were told apart, and those with likes that are pending. */
  counted: 0,
  countedPending: 0,
};
