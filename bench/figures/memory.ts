/** Resident memory of each role after a minute of the demonstration. */
import { setTimeout as pause } from "node:timers/promises";
import type { Figure, FigureOptions, FigureResult, Row } from "../figure.ts";
import { orchestrated } from "../orchestrated.ts";
import { ownMb, statusMb } from "../resident.ts";

const MB_MAX = 90;
/** Its ledger has a thread of its own. */
const PRIMARY_MB_MAX = 110;
const MINUTE_MS = 60_000;
const BRIEF_MS = 1_000;

/** `npm run bench -- memory`. */
export const memory: Figure = {
  name: "memory",
  title: "resident memory of each role after a minute of `likes orchestrate`",
  seconds: 70,
  run: measure,
};

/** Memory of one process, in MB. `ownMb` excludes shared memory, such as node's own code. */
interface Resident {
  readonly residentMb: number;
  readonly peakMb: number;
  readonly ownMb: number;
}

async function measure({ brief, printProgress }: FigureOptions): Promise<FigureResult> {
  const servers = brief ? 2 : 10;
  const waitMs = brief ? BRIEF_MS : MINUTE_MS;
  printProgress(`waiting ${waitMs / 1_000} s`);
  const found = await orchestrated(servers, async ({ orchestration, roles }) => {
    await pause(waitMs);
    const all = [...roles].map(([name, pid]) => ({ name, ...residentOf(pid) }));
    return [...all, { name: "parent", ...residentOf(orchestration.parent.pid) }];
  });
  const likesServers = found.filter(({ name }) => name.startsWith("likes-server"));
  const primary = found.filter(({ name }) => name === "primary");
  const parent = found.filter(({ name }) => name === "parent");
  return {
    settings: { LikesServers: servers, "after s": waitMs / 1_000, runs: 1 },
    rows: [
      ...rowsOf("primary", primary, PRIMARY_MB_MAX),
      ...rowsOf(`LikesServer (${servers})`, likesServers, MB_MAX),
      ...rowsOf("parent", parent, MB_MAX),
    ],
    checked: ["no process died", "the run ended exact and converged"],
  };
}

function rowsOf(name: string, found: readonly Resident[], bound: number): Row[] {
  const aim = { is: "under", bound } as const;
  const values = (of: keyof Resident): number[] => found.map((one) => one[of]);
  return [
    { name: `${name}, resident`, unit: "MB", values: values("residentMb"), aim },
    { name: `${name}, its own`, unit: "MB", values: values("ownMb") },
    { name: `${name}, peak`, unit: "MB", values: values("peakMb") },
  ];
}

function residentOf(pid: number): Resident {
  const residentMb = statusMb(pid, "VmRSS");
  return { residentMb, peakMb: statusMb(pid, "VmHWM"), ownMb: ownMb(pid) };
}
