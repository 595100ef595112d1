/**
 * Whether footprints grow from phase to phase.
 *
 * A leak grows with each phase of the same load; noise goes up and down, and caches fill once. So
 * the middle of the later half is compared with the middle of the earlier half, after phases that
 * warm up, and what is between them may be no more than a tolerance.
 */
import type { Footprint } from "./footprint.ts";

/**
 * How much the middles of the two halves may differ. Heap: what V8 notes about code still comes and
 * goes by some dozen KiB; 100 bytes an event or 10 KiB a connection show. Descriptors and handles:
 * a connection may just be opening or closing; a phase makes dozens of them.
 */
export const TOLERANCES: Footprint = { heapBytes: 256 * 1024, descriptors: 2, handles: 2 };

/** Growth of one process in one respect. */
export interface Growth {
  readonly of: keyof Footprint;
  readonly by: number;
  readonly tolerance: number;
}

/** In what respects the footprints of equal phases, in order, grew beyond the tolerance. */
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
