/** Kills a process that commits to a ledger and folds all the time. */
import { fork } from "node:child_process";
import { once } from "node:events";
import { fileURLToPath } from "node:url";

/**
 * Starts `folding_process.ts` on the ledger in `folder`, and kills it once it has told `version`.
 * Returns the last version that it told.
 */
export async function killAfter(
  folder: string,
  generation: number,
  version: number,
): Promise<number> {
  const file = fileURLToPath(new URL("folding_process.ts", import.meta.url));
  const child = fork(file, [folder, String(generation)], { execArgv: ["--import", "tsx"] });
  const exited = once(child, "exit");
  let committed = 0;
  child.on("message", (told: number) => {
    committed = told;
    if (told >= version) child.kill("SIGKILL");
  });
  const [, signal] = await exited;
  if (signal !== "SIGKILL") throw new Error("The process ended by itself");
  return committed;
}
