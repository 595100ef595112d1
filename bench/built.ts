/**
 * The built program, which is what is measured: processes of the bench run its modules from dist,
 * not their source. A build that is older than the source is refused.
 */
import { dirname, join } from "node:path";
import { pathToFileURL } from "node:url";
import { MAIN } from "../test/fixtures/built.ts";

/** Loads a module of dist/src, such as `roles/primary.js`, with the types of its source. */
export async function built<Module>(path: string): Promise<Module> {
  return (await import(pathToFileURL(join(dirname(MAIN), path)).href)) as Module;
}
