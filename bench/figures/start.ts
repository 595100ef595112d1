/** The time from `likes orchestrate` until all ten LikesServers stream. */
import type { Figure, FigureOptions, FigureResult } from "../figure.ts";
import { orchestrated } from "../orchestrated.ts";

const SECONDS_MAX = 3;

/** `npm run bench -- start`. */
export const start: Figure = {
  name: "start",
  title: "from `likes orchestrate` to all LikesServers streaming",
  seconds: 30,
  run: measure,
};

async function measure({ brief, printProgress }: FigureOptions): Promise<FigureResult> {
  const runs = brief ? 1 : 5;
  const servers = brief ? 2 : 10;
  const seconds: number[] = [];
  for (let run = 1; run <= runs; run++) {
    seconds.push(await orchestrated(servers, async ({ toStreamingMs }) => toStreamingMs / 1_000));
    printProgress(`run ${run} of ${runs}`);
  }
  const aim = { is: "under", bound: SECONDS_MAX } as const;
  return {
    settings: { runs, LikesServers: servers, processes: servers + 2 },
    rows: [{ name: "to streaming", unit: "s", values: seconds, aim }],
    checked: [
      `${servers} of ${servers} were streaming in the primary's status, in each run`,
      "each run ended exact and converged",
    ],
  };
}
