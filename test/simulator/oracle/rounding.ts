/** The clock of a process is ahead of the world's by a part that does not add up to the last bit. */
export const ROUNDING_MS = 0.001;
