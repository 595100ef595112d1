/** A run of `likes orchestrate`, observed from outside. */
import { PrimaryClient } from "../src/rpc/client/primary_client.ts";
import { Orchestration } from "../test/fixtures/orchestration.ts";
import { preciseMs } from "./clock.ts";
import { expectSame } from "./figure.ts";

const ANSWER_WAIT_MS = 5_000;
/** Printed once all LikesServers are admitted, which is after the primary has seen them stream. */
const READY = /^seed {6}\d+$/m;

/** A run whose LikesServers all stream. */
export interface WorkingRun {
  readonly orchestration: Orchestration;
  /** From before the fork of the parent until its line that all stream, to within 20 ms. */
  readonly toStreamingMs: number;
  /** Process ids of the forked roles, by name. */
  readonly roles: ReadonlyMap<string, number>;
}

/**
 * Starts a run of `servers` LikesServers, calls `observe` once all stream, stops the generators,
 * and waits for the verdict. Throws unless all streamed, and the run ended exact and converged.
 */
export async function orchestrated<T>(
  servers: number,
  observe: (run: WorkingRun) => Promise<T>,
): Promise<T> {
  const startMs = preciseMs();
  await using orchestration = new Orchestration([
    "--json",
    "--duration=1h",
    `--servers=${servers}`,
  ]);
  await orchestration.parent.waitFor(READY);
  const toStreamingMs = preciseMs() - startMs;
  const primary = await orchestration.started();
  expectSame("the number of streaming LikesServers", await streaming(primary), servers);
  const ids = Array.from({ length: servers }, (_, number) => `likes-server-${number}`);
  const roles = new Map(["primary", ...ids].map((name) => [name, orchestration.pid(name)]));
  const found = await observe({ orchestration, toStreamingMs, roles });
  for (const [name, pid] of roles) {
    expectSame(`the final process id of ${name}`, orchestration.pid(name), pid);
  }
  orchestration.finish();
  const { code, verdict, exact, converged } = await orchestration.jsonResult();
  const ended = { code, verdict, exact, converged };
  const right = { code: 0, verdict: "exact", exact: true, converged: true };
  expectSame("the verdict", JSON.stringify(ended), JSON.stringify(right));
  return found;
}

async function streaming(primary: string): Promise<number> {
  const client = new PrimaryClient(primary);
  const { servers } = await client.status(ANSWER_WAIT_MS);
  client.close();
  return servers.filter(({ state }) => state === "streaming").length;
}
