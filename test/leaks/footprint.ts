/** What a process holds, and a way to ask a role for it. */
import type { Spawned } from "../fixtures/spawned.ts";

/** What a process holds after its garbage was collected. */
export interface Footprint {
  /** The heap and what it holds outside of itself, without code: V8 compiles for a long time. */
  readonly heapBytes: number;
  /** Open files, sockets and pipes. */
  readonly descriptors: number;
  /** What keeps its event loop alive: sockets, servers, timers. */
  readonly handles: number;
}

const HOOK = new URL("hook.ts", import.meta.url).href;

/** The environment of a role that can be asked. `planted` is what it is to lose on purpose. */
export function footprintEnv(planted?: keyof Footprint): NodeJS.ProcessEnv {
  const tsx = import.meta.resolve("tsx");
  const env = { NODE_OPTIONS: `--import ${tsx} --import ${HOOK}` };
  return planted === undefined ? env : { ...env, LEAK_PLANTED: planted };
}

/** Asks a role that was started with `footprintEnv`. */
export async function askFootprint(role: Spawned): Promise<Footprint> {
  const number = (role.stderr.match(/^footprint \d+ /gm)?.length ?? 0) + 1;
  role.signal("SIGUSR2");
  const [, json = ""] = await role.waitFor(new RegExp(`^footprint ${number} (.*)\\n`, "m"));
  return JSON.parse(json) as Footprint;
}

/** The least of several footprints in each respect: what is only passing is in one of them. */
export function leastFootprint(footprints: readonly Footprint[]): Footprint {
  return {
    heapBytes: Math.min(...footprints.map(({ heapBytes }) => heapBytes)),
    descriptors: Math.min(...footprints.map(({ descriptors }) => descriptors)),
    handles: Math.min(...footprints.map(({ handles }) => handles)),
  };
}
