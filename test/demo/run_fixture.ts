/** A run of a primary and three LikesServers, for tests that change one field at a time. */
import type { Status } from "../../src/core/primary/status.ts";
import type { ChildView } from "../../src/demo/child.ts";
import { PRIMARY } from "../../src/demo/verdict.ts";
import { emptyStatus, serverStatus } from "../rpc/serving.ts";

const NAMES = [PRIMARY, "likes-server-0", "likes-server-1", "likes-server-2"];

/** Returns its processes, all listening except for `changes`. */
export function processes(changes: Record<string, Partial<ChildView>> = {}): ChildView[] {
  return NAMES.map((name, index) => ({
    name,
    address: `127.0.0.1:${41_000 + index}`,
    pid: 4_242 + index,
    state: "listening",
    restarts: 0,
    ...changes[name],
  }));
}

/** Returns its status: 6,231 likes, shown everywhere. */
export function runStatus(changes: Partial<Status> = {}): Status {
  const servers = [0, 1, 2].map((index) => ({
    ...serverStatus(index),
    acceptedLikes: 2_077n,
    appliedLikes: 2_077n,
    knownTotalLikes: 6_231n,
    silentForMs: 300,
  }));
  const nowMs = 1_300;
  return { ...emptyStatus(1), totalLikes: 6_231n, asOfMs: 1_000, nowMs, servers, ...changes };
}
