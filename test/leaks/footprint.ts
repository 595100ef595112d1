/** What a process holds, and how to ask a role for it. */
import type { Spawned } from "../fixtures/spawned.ts";

/** What a process holds after garbage collection. */
export interface Footprint {
  /** The heap and its external memory, without code, because V8 keeps compiling for a long time. */
  readonly heapBytes: number;
  /** Open files, sockets and pipes. */
  readonly descriptors: number;
  /** Handles that keep the event loop alive: sockets, servers, timers. */
  readonly handles: number;
}

const HOOK = new URL("hook.ts", import.meta.url).href;
/** Loads the hook in the main thread alone: threads inherit NODE_OPTIONS, but cannot run tsx. */
const IN_MAIN_THREAD =
  'import{isMainThread}from"node:worker_threads";' +
  `if(isMainThread)await(import(${JSON.stringify(HOOK)}))`;

/** Returns the environment of a role that can be asked. It leaks `planted` on purpose. */
export function footprintEnv(planted?: keyof Footprint): NodeJS.ProcessEnv {
  const tsx = import.meta.resolve("tsx");
  const hook = `data:text/javascript,${encodeURIComponent(IN_MAIN_THREAD)}`;
  const env = { NODE_OPTIONS: `--import ${tsx} --import ${hook}` };
  return planted === undefined ? env : { ...env, LEAK_PLANTED: planted };
}

/** Asks a role started with `footprintEnv`. */
export async function askFootprint(role: Spawned): Promise<Footprint> {
  const number = (role.stderr.match(/^footprint \d+ /gm)?.length ?? 0) + 1;
  role.signal("SIGUSR2");
  const [, json = ""] = await role.waitFor(new RegExp(`^footprint ${number} (.*)\\n`, "m"));
  return JSON.parse(json) as Footprint;
}

/** Returns the minimum of several footprints in each respect, which drops transient peaks. */
export function leastFootprint(footprints: readonly Footprint[]): Footprint {
  return {
    heapBytes: Math.min(...footprints.map(({ heapBytes }) => heapBytes)),
    descriptors: Math.min(...footprints.map(({ descriptors }) => descriptors)),
    handles: Math.min(...footprints.map(({ handles }) => handles)),
  };
}
