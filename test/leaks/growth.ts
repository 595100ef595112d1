/**
 * Whether footprints grow from phase to phase.
 *
 * A leak grows with each phase of the same load. Noise goes up and down, and caches fill once.
 * After warm-up phases, the median of the later half is compared with the median of the earlier
 * half. The difference must stay within a tolerance.
 */
import type { Footprint } from "./footprint.ts";

/**
 * Tolerance between the medians of the two halves. Heap: V8's data about code varies by some dozen
 * KiB; a leak of 100 bytes per event or 10 KiB per connection shows. Descriptors and handles: a
 * connection may be opening or closing; a phase makes dozens of connections.
 */
export const TOLERANCES: Footprint = { heapBytes: 256 * 1024, descriptors: 2, handles: 2 };

/** The growth of one process in one respect. */
export interface Growth {
  readonly of: keyof Footprint;
  readonly by: number;
  readonly tolerance: number;
}

/** Returns the respects in which the footprints of equal phases grew beyond the tolerance. */
export function growthOf(footprints: readonly Footprint[], tolerances = TOLERANCES): Growth[] {
  const half = Math.floor(footprints.length / 2);
  const respects = ["heapBytes", "descriptors", "handles"] as const;
  return respects
    .map((of) => {
      const values = footprints.map((footprint) => footprint[of]);
      const by = middle(values.slice(-half)) - middle(values.slice(0, half));
      return { of, by, tolerance: tolerances[of] };
    })
    .filter(({ by, tolerance }) => by > tolerance);
}

function middle(values: readonly number[]): number {
  const sorted = values.toSorted((a, b) => a - b);
  const upper = sorted[Math.floor(sorted.length / 2)] ?? NaN;
  const lower = sorted[Math.floor((sorted.length - 1) / 2)] ?? NaN;
  return (upper + lower) / 2;
}
