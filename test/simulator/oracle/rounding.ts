/** A process clock adds an offset to the world's, which rounds the last bits. */
export const ROUNDING_MS = 0.001;
