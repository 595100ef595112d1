/** A process that runs chunks of seeds and sends back their tallies. range.ts forks it. */
import { runSeed } from "./seed_run.ts";
import { addTally, newTally } from "./tally.ts";

/** Consecutive seeds. */
export interface Chunk {
  readonly firstSeed: number;
  readonly seeds: number;
  readonly servers: number;
}

process.on("message", ({ firstSeed, seeds, servers }: Chunk) => {
  const tally = newTally();
  for (let seed = firstSeed; seed < firstSeed + seeds; seed++) {
    addTally(tally, runSeed(seed, { servers }));
  }
  process.send?.(tally);
});
process.on("disconnect", () => process.exit(0));
