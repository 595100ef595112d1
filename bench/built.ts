/**
 * Loads the built program, because the bench measures the build and not the source. A build older
 * than the source is rejected.
 */
import { dirname, join } from "node:path";
import { pathToFileURL } from "node:url";
import { MAIN } from "../test/fixtures/built.ts";

/** Names a dist/src that is measured in the place of this checkout's. */
export const DIST_VARIABLE = "LIKES_BENCH_DIST";
const DIST = process.env[DIST_VARIABLE] ?? dirname(MAIN);

/** Loads a module from dist/src, such as `roles/primary.js`, with the types of its source. */
export async function built<Module>(path: string): Promise<Module> {
  return (await import(pathToFileURL(join(DIST, path)).href)) as Module;
}
