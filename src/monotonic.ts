/** Clocks that a step of the wall clock does not change. */

/** Returns whole milliseconds since a fixed moment, the same for every process on this machine. */
export function monotonicMs(): number {
  return Number(process.hrtime.bigint() / 1_000_000n);
}

/** Returns the processor time of this process so far, in milliseconds. */
export function processorMs(): number {
  const { user, system } = process.cpuUsage();
  return (user + system) / 1_000;
}
